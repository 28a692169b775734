"""Queries and projections for stored jobs, in MongoDB's language."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.events import rfc3339
from shared.job import run_register
from shared.tasks import BEGUN, COMPLETED, FAILED, Task

REGISTERS = {"heard": False, "revision": False}
"""Projection to the id and the registers. The fold does not include `heard`, the server's time of the last change, and
`revision`, the number of changes."""

CHANGED = {"documentKey": 1, "updateDescription.updatedFields.revision": 1, "fullDocument.revision": 1}
"""Projection of a change to its job's id and new revision."""

TASK_TYPES = {f"{task}.event.type": task for task in Task}
TASK_RUNS = tuple(f"{run_register(task)}.order" for task in Task)
UNFINISHED: dict[str, Any] = {
    "submitted": {"$ne": None},
    "cancelled": None,
    "expired": None,
    "$or": [
        *(
            {"submitted.event.options.tasks": task, field: {"$in": [None, *BEGUN]}}
            | ({f"{task.waits_for}.event.type": {"$ne": FAILED}} if task.waits_for else {})
            for field, task in TASK_TYPES.items()
        ),
        *({run: {"$gte": 1}} for run in TASK_RUNS),
    ],
}
"""Jobs with an unfinished task, and all jobs with a rerun, finished or not: `shared.tasks.states` tells them apart."""


def due(moment: datetime) -> dict[str, Any]:
    """Return a query for jobs created before `moment`, expired jobs, and old events without a submission."""
    old = {"$lt": rfc3339(moment)}
    without_submission = {"submitted": None, "updated.order.0": old}
    return {"$or": [{"submitted.event.at": old}, {"expired.order": 1}, without_submission]}


def silent_for(silence: timedelta) -> dict[str, Any]:
    ago = {"$dateSubtract": {"startDate": "$$NOW", "unit": "second", "amount": int(silence.total_seconds())}}
    return UNFINISHED | {"$expr": {"$lte": ["$heard", ago]}}


def timed(task: Task) -> tuple[dict[str, Any], dict[str, int]]:
    """Return a query for the task's completions with known durations, and a projection to these."""
    done, song = f"{task}.event.processing_time", "submitted.event.song.audio_duration"
    is_number = {"$type": "number"}
    return {f"{task}.event.type": COMPLETED, done: is_number, song: is_number}, {done: 1, song: 1}


def present_run(task: Task) -> dict[str, Any]:
    """Return an expression for `Job.run`."""
    return {"$ifNull": [{"$first": f"${run_register(task)}.order"}, 0]}


def present_type_in(task: Task, types: Sequence[str]) -> dict[str, Any]:
    """Return an expression: the task's latest event has one of these types and is of its present run."""
    return {
        "$and": [
            {"$in": [f"${task}.event.type", [*types]]},
            {"$gte": [f"${task}.event.run", present_run(task)]},
        ]
    }


def at(type_field: str) -> str:
    """Return the field of an event's time, given the field of its type."""
    return f"{type_field.removesuffix('.type')}.at"
