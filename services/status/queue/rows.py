"""What is read of every unfinished job for the outlook: as little as can be, as there may be ten thousand."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog

from services.status.queue.estimate import Unfinished
from shared.events import Task

log = structlog.get_logger()

PROJECTION: Final[dict[str, Any]] = {
    "submitted.event.at": 1,
    "submitted.event.song.audio_duration": 1,
    "submitted.event.options.tasks": 1,
} | {
    field: 1
    for task in Task
    for field in (f"{task}.event.type", f"{task}.event.run", f"{task}_run.order", f"{task}_progress.order")
}
UNTOUCHED: Final = 2
"""How many fields a document has here of which nothing but the submission is known."""

_TASKS: Final = {task.value: task for task in Task}


def readable(rows: Iterable[Mapping[str, Any]]) -> list[Unfinished]:
    """Those that are unfinished; one that cannot be read does not keep the others from being told of."""
    jobs = []
    for row in rows:
        try:
            job = unfinished(row)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with it
            log.warning("a job is not counted in the queue", job_id=str(row.get("_id")), error=repr(error))
        else:
            jobs += [job] if job else []
    return jobs


def times(rows: Iterable[Mapping[str, Any]], task: Task) -> list[tuple[float, float]]:
    """How long the task took, and its song, in seconds."""
    return [
        (row[task]["event"]["processing_time"], row["submitted"]["event"]["song"]["audio_duration"]) for row in rows
    ]


def unfinished(row: Mapping[str, Any]) -> Unfinished | None:
    """The job, or None when it is over after all: one that was retried may be. States are those of `shared.view`."""
    event = row["submitted"]["event"]
    place, duration = (str(event["at"]), str(row["_id"])), float(event["song"]["audio_duration"])
    asked = tuple(_TASKS[task] for task in event["options"]["tasks"])
    if len(row) == UNTOUCHED:
        return Unfinished(place, duration, asked)
    states = {task: _state(row, task) for task in asked}
    if states.get(Task.STEM_SEPARATION) == "failed" and Task.TRANSCRIPTION in states:
        states[Task.TRANSCRIPTION] = "skipped"
    waiting = tuple(task for task, state in states.items() if state is None)
    running = {task: state for task, state in states.items() if isinstance(state, int)}
    return Unfinished(place, duration, waiting, running) if waiting or running else None


def _state(row: Mapping[str, Any], task: Task) -> int | str | None:
    """How a task of its present run ended, its percentage while it runs, or None when it has yet to begin."""
    event = row.get(task, {}).get("event")
    run = row.get(f"{task}_run", {}).get("order", [0])[0]
    if event is None or event["run"] < run:
        return None
    if event["type"] in ("task_completed", "task_failed"):
        return str(event["type"]).removeprefix("task_")
    of_run, percent = row[f"{task}_progress"]["order"]
    return int(percent) if of_run >= run else 0
