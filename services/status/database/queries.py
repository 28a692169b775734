"""What is asked of the job documents, as MongoDB has it."""

from datetime import datetime, timedelta
from typing import Any

from shared.events import Task, rfc3339

REGISTERS = {"_id": False, "heard": False, "revision": False}
"""What to read of a document: `heard` is when it last changed, by the server's clock, `revision` how often; neither is
part of the fold."""

CHANGED = {"documentKey": 1, "updateDescription.updatedFields.revision": 1, "fullDocument.revision": 1}
"""What to read of a change: of which job, and what its revision is since."""

TASK_TYPES = {f"{task}.event.type": task for task in Task}
STEMS_TYPE = f"{Task.STEM_SEPARATION}.event.type"
TASK_RUNS = tuple(f"{task}_run.order" for task in Task)
UNFINISHED: dict[str, Any] = {
    "submitted": {"$ne": None},
    "cancelled": None,
    "expired": None,
    "$or": [
        *(
            {"submitted.event.options.tasks": task, field: {"$in": [None, "task_started", "task_progressed"]}}
            | ({STEMS_TYPE: {"$ne": "task_failed"}} if task is Task.TRANSCRIPTION else {})
            for field, task in TASK_TYPES.items()
        ),
        *({run: {"$gte": 1}} for run in TASK_RUNS),
    ],
}
"""Jobs with a task that is not over, and those that were retried, over or not: `shared.view` tells them apart."""


def due(moment: datetime) -> dict[str, Any]:
    """Jobs created before `moment`, expired ones, and strays: events without a submission."""
    old = {"$lt": rfc3339(moment)}
    strays = {"submitted": None, "updated.order.0": old}
    return {"$or": [{"submitted.event.at": old}, {"expired.order": 1}, strays]}


def silent_for(silence: timedelta) -> dict[str, Any]:
    ago = {"$dateSubtract": {"startDate": "$$NOW", "unit": "second", "amount": int(silence.total_seconds())}}
    return UNFINISHED | {"$expr": {"$lte": ["$heard", ago]}}


def timed(task: Task) -> tuple[dict[str, Any], dict[str, int]]:
    """The task's completions of which it is known how long they took, and what to read of each."""
    done, song = f"{task}.event.processing_time", "submitted.event.song.audio_duration"
    is_number = {"$type": "number"}
    return {f"{task}.event.type": "task_completed", done: is_number, song: is_number}, {done: 1, song: 1}


def at(type_field: str) -> str:
    """The field of an event's time, given that of its type."""
    return f"{type_field.removesuffix('.type')}.at"
