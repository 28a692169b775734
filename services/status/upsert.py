"""The fold of `shared.job` inside MongoDB: a register is set when the claim to it is greater.

Its `$max` compares whole registers, in BSON's order: field by field, and `order`, which decides, is the first of them.
Two claims of equal order are the same claim.
"""

from collections.abc import Iterable
from typing import Any

from shared.events import Event
from shared.job import Job, fold


def upserts(events: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """One update for each job, by its id: what its events claim together."""
    jobs: dict[str, Job] = {}
    for event in events:
        jobs[event.job_id] = fold(jobs.get(event.job_id, {}), event)
    return {job_id: _upsert(job) for job_id, job in jobs.items()}


def _upsert(job: Job) -> dict[str, Any]:
    registers = {name: claim.model_dump(mode="json") for name, claim in job.items()}
    return {"$max": registers, "$inc": {"revision": 1}, "$currentDate": {"heard": True}}
