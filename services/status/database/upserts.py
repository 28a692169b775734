"""The fold of `shared.job` inside MongoDB: a register is replaced by a greater claim.

`$max` compares whole registers in BSON order, field by field. The first field is `order`, which decides. Two claims of
equal order are the same claim.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pymongo import UpdateOne

from services.status.database.codec import storable
from shared.events import Event
from shared.job import CANCELLED, REDACTED, SUBMITTED, Register, redacted, take

IS_NOT_REDACTED: Final = {"submitted.order.0": {"$lt": REDACTED}}

_SONG: Final = {"$mergeObjects": ["$submitted.event.song", {"name": ""}]}
REDACT: Final[list[dict[str, Any]]] = [
    {
        "$set": {
            "submitted.order": [{"$concat": [REDACTED, {"$first": "$submitted.order"}]}],
            "submitted.event.song": _SONG,
            "revision": {"$add": ["$revision", 1]},
        }
    }
]
"""`shared.job.redacted` as a pipeline."""


def folded(events: Iterable[Event]) -> dict[str, dict[str, Register]]:
    """Fold the events of each job in memory, so that each job needs one update."""
    jobs: defaultdict[str, dict[str, Register]] = defaultdict(dict)
    for event in events:
        take(jobs[event.job_id], event)
    return jobs


def upsert(registers: Mapping[str, Register]) -> dict[str, Any]:
    """Return the update for a job's registers. The submission of a cancelled job is left to `redactions`."""
    claims = {name: claim for name, claim in registers.items() if name != SUBMITTED or CANCELLED not in registers}
    return {"$max": storable(claims), "$inc": {"revision": 1}, "$currentDate": {"heard": True}}


def redactions(jobs: Mapping[str, Mapping[str, Register]]) -> list[UpdateOne]:
    """Return the updates that redact the submissions of cancelled jobs. They follow the upserts of the same jobs.

    A cancellation redacts the stored submission, and then every submission competes in its redacted form.
    """
    updates = []
    for job_id, registers in jobs.items():
        if CANCELLED in registers:
            updates.append(UpdateOne({"_id": job_id, **IS_NOT_REDACTED}, REDACT))
        if SUBMITTED in registers:
            claim = storable({SUBMITTED: redacted(registers[SUBMITTED])})
            update = {"$max": claim, "$inc": {"revision": 1}}
            updates.append(UpdateOne({"_id": job_id, "cancelled": {"$ne": None}}, update))
    return updates
