"""Waiting tasks: ready but not started. They are counted inside MongoDB, because there may be ten thousand."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from services.status.database.queries import UNFINISHED, present_run, present_type_in
from shared.tasks import BEGUN, COMPLETED, ENDED, Task


class Waiting(NamedTuple):
    """Number of waiting tasks, and the seconds that the first has waited, by the clocks of two machines."""

    tasks: int
    seconds: float


def waiting(rows: Iterable[Mapping[str, Any]], now: datetime | None = None) -> dict[Task, Waiting]:
    """Decode the result of COUNT_WAITING, which is at most one row."""
    row = next(iter(rows), {})
    found = {task: Waiting(0, 0.0) for task in Task}
    for task in Task:
        if since := row.get(f"{task}_since"):
            waited = (now or datetime.now(UTC)) - datetime.fromisoformat(since)
            found[task] = Waiting(row[task], max(0.0, waited.total_seconds()))
    return found


def _since(task: Task) -> dict[str, Any]:
    """Expression: the time at which a waiting task became ready, null for any other. A rerun uses the latest event."""
    requested, awaited = "$submitted.event.options.tasks", task.waits_for
    has_to_wait = {"$in": [awaited, requested]}
    first = (
        {"$cond": [has_to_wait, f"${awaited}.event.at", "$submitted.event.at"]} if awaited else "$submitted.event.at"
    )
    ready = {"$cond": [{"$gt": [present_run(task), 0]}, {"$first": "$updated.order"}, first]}
    can_start = [{"$or": [{"$not": [has_to_wait]}, present_type_in(awaited, [COMPLETED])]}] if awaited else []
    waits = {"$and": [{"$in": [task, requested]}, {"$not": [present_type_in(task, [*BEGUN, *ENDED])]}, *can_start]}
    return {"$cond": [waits, ready, None]}


COUNT_WAITING: Final[list[dict[str, Any]]] = [
    {"$match": UNFINISHED},
    {"$project": {f"{task}_since": _since(task) for task in Task}},
    {
        "$group": {"_id": None}
        | {str(task): {"$sum": {"$cond": [{"$eq": [f"${task}_since", None]}, 0, 1]}} for task in Task}
        | {f"{task}_since": {"$min": f"${task}_since"} for task in Task}
    },
]
