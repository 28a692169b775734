"""The fold of `shared.job` inside MongoDB: a register is replaced by a greater claim.

`$max` compares whole registers in BSON order, field by field. The first field is `order`, which decides. Two claims of
equal order are the same claim.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from services.status.database.codec import storable
from shared.events import Event
from shared.job import Register, take


def upserts(events: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """Return one update per job id, with the claims of all its events."""
    jobs: defaultdict[str, dict[str, Register]] = defaultdict(dict)
    for event in events:
        take(jobs[event.job_id], event)
    return {job_id: _upsert(registers) for job_id, registers in jobs.items()}


def _upsert(registers: dict[str, Register]) -> dict[str, Any]:
    return {"$max": storable(registers), "$inc": {"revision": 1}, "$currentDate": {"heard": True}}
