"""Outcomes of jobs, derived from as few fields of the stored jobs as possible."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from services.status.database.codec import event_of, latest_of, requested_of, run_of
from shared.job import run_register
from shared.tasks import ENDED, Task, job_state, states

PROJECTION: Final[dict[str, Any]] = {
    "submitted.event.at": 1,
    "submitted.event.options.tasks": 1,
    "cancelled.order": 1,
} | {
    field: 1
    for task in Task
    for field in (
        *(f"{task}.event.{part}" for part in ("type", "run", "at", "refined")),
        f"{run_register(task)}.order",
    )
}


@dataclass(frozen=True)
class JobOutcome:
    """End of a job. `seconds` since the submission are known for a first run that completed."""

    outcome: Literal["completed", "failed", "cancelled"]
    seconds: float | None = None


def outcome_of(row: Mapping[str, Any]) -> JobOutcome | None:
    """Return None while the job has not ended, or its submission has not been folded."""
    submission = (row.get("submitted") or {}).get("event")
    if submission is None:
        return None
    if row.get("cancelled"):
        return JobOutcome("cancelled")
    state = job_state(states(requested_of(row), latest_of(row)))
    if state == "failed":
        return JobOutcome("failed")
    if state == "completed":
        is_first_run = not any(run_of(row, task) for task in Task)
        return JobOutcome("completed", _seconds(row, submission["at"]) if is_first_run else None)
    return None


def _seconds(row: Mapping[str, Any], submitted_at: str) -> float | None:
    """Return the time from the submission to the last first result. Refinements end nothing."""
    events = [event for task in Task if (event := event_of(row, task))]
    ends = [event["at"] for event in events if event["type"] in ENDED and not event.get("refined")]
    if not ends:
        return None
    taken = datetime.fromisoformat(max(ends)) - datetime.fromisoformat(submitted_at)
    return max(0.0, taken.total_seconds())
