"""How a job ended, told from as little of its document as can be: every end is looked at. As `shared.view` has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from shared.events import Task

PROJECTION: Final[dict[str, Any]] = {
    "submitted.event.at": 1,
    "submitted.event.options.tasks": 1,
    "cancelled.order": 1,
} | {
    field: 1
    for task in Task
    for field in (*(f"{task}.event.{part}" for part in ("type", "run", "at", "refined")), f"{task}_run.order")
}

_TASKS: Final = tuple(task.value for task in Task)
_ENDED: Final = ("task_completed", "task_failed")


@dataclass(frozen=True)
class End:
    """`id` names the job and its run; `seconds`, from the submission on, are those of a first run that completed."""

    id: str
    outcome: Literal["completed", "failed", "cancelled"]
    seconds: float | None = None


def end(row: Mapping[str, Any]) -> End | None:
    """None while the job is not over, or its submission has not been heard of."""
    job_id, submission = row["_id"], (row.get("submitted") or {}).get("event")
    if submission is None:
        return None
    if row.get("cancelled"):
        return End(f"{job_id}.cancelled", "cancelled")
    runs = {task: _run(row, task) for task in _TASKS}
    events = {task: event for task in _TASKS if (event := _event(row, task)) and event["run"] >= runs[task]}
    kinds = {task: event["type"] for task, event in events.items()}
    for task in submission["options"]["tasks"]:
        lost_its_input = task == Task.TRANSCRIPTION and kinds.get(Task.STEM_SEPARATION) == "task_failed"
        if kinds.get(task) not in _ENDED and not lost_its_input:
            return None
    run = max(runs.values())
    if "task_failed" in kinds.values():
        return End(f"{job_id}.{run}", "failed")
    return End(f"{job_id}.{run}", "completed", None if run else _seconds(submission["at"], events))


def _event(row: Mapping[str, Any], task: str) -> Mapping[str, Any] | None:
    event: Mapping[str, Any] | None = (row.get(task) or {}).get("event")
    return event


def _run(row: Mapping[str, Any], task: str) -> int:
    order = (row.get(f"{task}_run") or {}).get("order", (0,))
    return int(order[0])


def _seconds(submitted_at: str, events: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Refinements left out, as they end nothing."""
    ends = [event["at"] for event in events.values() if event["type"] in _ENDED and not event.get("refined")]
    if not ends:
        return None
    taken = datetime.fromisoformat(max(ends)) - datetime.fromisoformat(submitted_at)
    return max(0.0, taken.total_seconds())
