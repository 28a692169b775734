"""One aggregation for everything that limits a caller. The database sums: a caller may have thousands of jobs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from services.status.database.queries import present_run, present_type_in
from services.status.database.store import Store
from shared.events import rfc3339
from shared.tasks import ENDED, FAILED, Task
from shared.usage import LEAST_SECONDS, SONG_BYTES, STEMS_BYTES, Part, Usage

DAY: Final = timedelta(hours=24)
RECENT_SECONDS: Final = 120
REQUESTED: Final = "$submitted.event.options.tasks"
CREATED_AT: Final = "$submitted.event.at"
HOUR_LENGTH: Final = len("2026-01-31T23")

Expression = dict[str, Any]


async def read_usage(store: Store, query: Mapping[str, str], now: datetime, lifetime: timedelta) -> Usage:
    """Return the usage of the jobs whose submission has these fields. Raises TransientError."""
    [sums] = await store.aggregate(usage_of(query, now))
    audio = [_part(row, min(DAY, lifetime)) for row in sums["audio"]]
    storage = [_part(row, lifetime) for row in sums["storage"]]
    recent = {row["_id"]: row["run"] for row in sums["recent"]}
    unfinished = sum(row["jobs"] for row in sums["unfinished"])
    return Usage(unfinished=unfinished, audio=tuple(audio), storage=tuple(storage), recent=recent)


def usage_of(query: Mapping[str, str], now: datetime) -> list[Expression]:
    """Return the pipeline. A cancelled job stores nothing, but its audio counts as that of any other job."""
    in_a_day = {"counted_at": {"$gte": rfc3339(now - DAY)}}
    return [
        {"$match": {f"submitted.event.{field}": value for field, value in query.items()}},
        {"$project": _JOB},
        {
            "$facet": {
                "audio": [{"$match": in_a_day}, _sums("counted_at", "seconds", model="$model")],
                "storage": [{"$match": {"is_stored": True}}, _sums("created_at", "bytes")],
                "unfinished": [{"$match": {"is_stored": True, "is_unfinished": True}}, {"$count": "jobs"}],
                "recent": [{"$match": {"is_recent": True}}, {"$project": {"run": True}}],
            }
        },
    ]


def _sums(time: str, amount: str, **group: str) -> Expression:
    """Return a stage that adds up an amount by hour."""
    hour = {"$substrBytes": [f"${time}", 0, HOUR_LENGTH]}
    return {"$group": {"_id": {"hour": hour, **group}, "last": {"$max": f"${time}"}, "amount": {"$sum": f"${amount}"}}}


def _part(row: Mapping[str, Any], lifetime: timedelta) -> Part:
    until = datetime.fromisoformat(row["last"]) + lifetime
    return Part(until=until, amount=row["amount"], model=row["_id"].get("model", ""))


def _is_unfinished(task: Task) -> Expression:
    """Return an expression for `shared.tasks.states`: the task is queued or processing."""
    has_ended = present_type_in(task, ENDED)
    return {"$and": [{"$in": [task, REQUESTED]}, {"$not": [has_ended]}, {"$not": [_has_lost_its_input(task)]}]}


def _has_lost_its_input(task: Task) -> Expression:
    awaited = task.waits_for
    if awaited is None:
        return {"$literal": False}
    is_skipped = {"$and": [{"$in": [awaited, REQUESTED]}, _has_lost_its_input(awaited)]}
    return {"$or": [present_type_in(awaited, (FAILED,)), is_skipped]}


def _job() -> Expression:
    """Return a projection to what one job uses. A job that was run again counts, with all runs, from its last event."""
    run = {"$max": [present_run(task) for task in Task]}
    separates = {"$in": [Task.STEM_SEPARATION, REQUESTED]}
    seconds = {"$max": ["$submitted.event.song.audio_duration", LEAST_SECONDS]}
    formats = [
        {"case": {"$eq": ["$submitted.event.options.format", name]}, "then": size} for name, size in STEMS_BYTES.items()
    ]
    stems = {"$cond": [separates, {"$switch": {"branches": formats, "default": STEMS_BYTES["wav"]}}, 0]}
    recently = {"$dateSubtract": {"startDate": "$$NOW", "unit": "second", "amount": RECENT_SECONDS}}
    return {
        "created_at": CREATED_AT,
        "counted_at": {"$cond": [{"$gt": [run, 0]}, {"$first": "$updated.order"}, CREATED_AT]},
        "run": run,
        "model": {"$cond": [separates, {"$ifNull": ["$submitted.event.options.model", ""]}, ""]},
        "seconds": {"$multiply": [seconds, {"$add": [1, run]}]},
        "bytes": {"$multiply": [seconds, {"$add": [SONG_BYTES, stems]}]},
        "is_stored": {"$and": [{"$not": ["$cancelled"]}, {"$not": ["$expired"]}]},
        "is_unfinished": {"$or": [_is_unfinished(task) for task in Task]},
        "is_recent": {"$gte": ["$heard", recently]},
    }


_JOB: Final = _job()
