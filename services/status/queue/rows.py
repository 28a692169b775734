"""Unfinished jobs for the queue estimate, read with as few fields as possible: there may be ten thousand of them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog

from services.status.database.codec import latest_of, percent_of, requested_of
from services.status.queue.estimate import Unfinished
from shared.job import progress_register, run_register
from shared.tasks import Task, states

log = structlog.get_logger()

PROJECTION: Final[dict[str, Any]] = {
    "submitted.event.at": 1,
    "submitted.event.song.audio_duration": 1,
    "submitted.event.options.tasks": 1,
} | {
    field: 1
    for task in Task
    for field in (
        f"{task}.event.type",
        f"{task}.event.run",
        f"{run_register(task)}.order",
        f"{progress_register(task)}.order",
    )
}


def readable(rows: Iterable[Mapping[str, Any]]) -> list[Unfinished]:
    """Return the jobs that are unfinished. A row that cannot be read is logged and left out."""
    jobs = []
    for row in rows:
        try:
            job = unfinished(row)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one row must not hide the others
            log.warning("a job is not counted in the queue", job_id=str(row.get("_id")), error=repr(error))
        else:
            jobs += [job] if job else []
    return jobs


def times(rows: Iterable[Mapping[str, Any]], task: Task) -> list[tuple[float, float]]:
    """Return the processing time of the task and the duration of its song, in seconds, for each row."""
    return [
        (row[task]["event"]["processing_time"], row["submitted"]["event"]["song"]["audio_duration"]) for row in rows
    ]


def unfinished(row: Mapping[str, Any]) -> Unfinished | None:
    """Return the job, or None when it has ended: one with a rerun may have."""
    event = row["submitted"]["event"]
    found = states(requested_of(row), latest_of(row))
    waiting = tuple(task for task, state in found.items() if state == "queued")
    running = {task: percent_of(row, task) for task, state in found.items() if state == "processing"}
    if not waiting and not running:
        return None
    return Unfinished((str(event["at"]), str(row["_id"])), float(event["song"]["audio_duration"]), waiting, running)
