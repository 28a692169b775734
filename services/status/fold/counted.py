"""Which ends of jobs have been counted, in a collection of its own: each is, once, whichever replicas hear of it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from pymongo.errors import BulkWriteError

from services.status.database.store import Store, away
from services.status.fold.outcome import PROJECTION, JobOutcome, outcome_of

DUPLICATE_KEY: Final = 11000


class Counted:
    def __init__(self, store: Store) -> None:
        self._jobs = store.jobs
        self._ends = store.ends

    async def ends(self, job_ids: Sequence[str]) -> dict[str, JobOutcome]:
        """Outcomes of the jobs that have ended, by job and run. Raises TransientError."""
        with away():
            rows = await self._jobs.find({"_id": {"$in": list(job_ids)}}, PROJECTION).to_list(None)
        found = {row["_id"]: outcome for row in rows if (outcome := outcome_of(row))}
        return {
            f"{job_id}.{'cancelled' if outcome.outcome == 'cancelled' else outcome.run}": outcome
            for job_id, outcome in found.items()
        }

    async def first_to_tell(self, ends: Iterable[str]) -> list[str]:
        """Those of `ends` that nobody has asked for before. Raises TransientError."""
        asked, now = list(ends), datetime.now(UTC)
        if not asked:
            return []
        known: set[int] = set()
        with away():
            try:
                await self._ends.insert_many([{"_id": name, "at": now} for name in asked], ordered=False)
            except BulkWriteError as error:
                failures = error.details["writeErrors"]
                if any(failure["code"] != DUPLICATE_KEY for failure in failures):
                    raise
                known = {failure["index"] for failure in failures}
        return [name for index, name in enumerate(asked) if index not in known]
