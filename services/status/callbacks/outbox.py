"""Which ends of jobs have yet to be told, in a collection of its own: none is lost with the replica that heard of it.

A document is `<job_id>.<run>`, or `<job_id>.cancelled`, with `due` while it is to be sent. Times are the server's own.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import stamina
import structlog
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import PyMongoError

from services.status.database.store import Store, away
from shared.callbacks.address import parse
from shared.document import JobDocument
from shared.errors import PermanentError, TransientError
from shared.events import Event, JobExpired, TaskProgressed, TaskStarted
from shared.job import Job
from shared.view import view

log = structlog.get_logger()

LEASE_SECONDS: Final = 30
"""Who claimed a callback has so long to tell how it went; then another replica makes it."""

FIRST_SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 600.0
PATIENCE_SECONDS: Final = 3600.0
"""For so long a receiver may be away."""


@dataclass(frozen=True)
class Callback:
    """`attempt` counts from 1; `age` is how long ago the job ended, in seconds."""

    id: str
    job_id: str
    url: str
    host: str
    owner: str | None
    attempt: int
    age: float


class Outbox:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._callbacks = store.callbacks

    async def note(self, events: Iterable[Event]) -> bool:
        """Writes down what is to be told because of events that were just folded; again and again changes nothing.

        Waits for a server that is away. Says whether there is anything.
        """
        may_end = {e.job_id for e in events if not isinstance(e, TaskStarted | TaskProgressed | JobExpired)}
        if not may_end:
            return False
        async for attempt in stamina.retry_context(on=(PyMongoError, TransientError), attempts=None, timeout=None):
            with attempt:
                jobs = await self._store.with_callback(sorted(may_end))
                updates = [_unless_there(entry) for job in jobs if (entry := _entry(job))]
                if updates:
                    await self._callbacks.bulk_write(updates, ordered=False)
        return bool(updates)

    async def claim(self, hosts: Sequence[str], owners: Sequence[str]) -> Callback | None:
        """One that is due, not of `hosts` and `owners`, which are busy. Nobody else gets it for now.

        Raises TransientError.
        """
        query = {
            "due": {"$type": "date"},
            "host": {"$nin": list(hosts)},
            "owner": {"$nin": list(owners)},
            "$expr": {"$lte": ["$due", "$$NOW"]},
        }
        claim = {"due": _from_now(LEASE_SECONDS), "attempts": {"$add": ["$attempts", 1]}, "claimed_at": "$$NOW"}
        with away():
            found = await self._callbacks.find_one_and_update(
                query, [{"$set": claim}], sort=[("due", 1)], return_document=ReturnDocument.AFTER
            )
        if found is None:
            return None
        age = (found["claimed_at"] - found["created_at"]).total_seconds()
        kept = {name: found[name] for name in ("job_id", "url", "host", "owner")}
        return Callback(id=found["_id"], attempt=found["attempts"], age=age, **kept)

    async def told(self, callback: Callback) -> None:
        """It stays, so that it is not written down again. Raises TransientError, as all that follow do."""
        await self._settle(callback, {"due": "$$REMOVE", "told_at": "$$NOW"})

    async def retry_later(self, callback: Callback) -> bool:
        """Whether there is another attempt: later each time, for an hour, and never for many at the same moment."""
        jitter = random.uniform(0.5, 1)  # noqa: S311 -- nobody gains by guessing  # nosec B311
        seconds = jitter * min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** (callback.attempt - 1))
        if callback.age + seconds > PATIENCE_SECONDS:
            await self.give_up(callback)
            return False
        await self._settle(callback, {"due": _from_now(seconds)})
        return True

    async def give_up(self, callback: Callback) -> None:
        await self._settle(callback, {"due": "$$REMOVE", "gave_up_at": "$$NOW"})

    async def drop(self, callback: Callback) -> None:
        """It stays, so that it is not written down again."""
        await self._settle(callback, {"due": "$$REMOVE", "dropped_at": "$$NOW"})

    async def sweep(self) -> None:
        """Removes what was given up an hour ago."""
        with away():
            await self._callbacks.delete_many(
                {"gave_up_at": {"$type": "date"}, "$expr": {"$lte": ["$gave_up_at", _from_now(-PATIENCE_SECONDS)]}}
            )

    async def forget(self, job_id: str) -> None:
        with away():
            await self._callbacks.delete_many({"job_id": job_id})

    async def _settle(self, callback: Callback, change: dict[str, Any]) -> None:
        """Unless the lease ran out and somebody else has claimed it since."""
        with away():
            await self._callbacks.update_one({"_id": callback.id, "attempts": callback.attempt}, [{"$set": change}])


def callback_id(document: JobDocument) -> str | None:
    """Of the end that the document tells, None while its job is not over."""
    run = "cancelled" if document.error_code == "cancelled" else str(document.run)
    return f"{document.job_id}.{run}" if document.is_over else None


def _entry(job: Job) -> dict[str, Any] | None:
    """What to send of a job that is over."""
    document, submission = view(job), job.submission
    name = callback_id(document)
    if name is None or submission is None or not submission.callback_url:
        return None
    try:
        host = parse(submission.callback_url).host
    except PermanentError as error:  # other jobs wait to be folded
        log.error("callback cannot be made", job_id=document.job_id, error=str(error))  # noqa: TRY400 -- says it all
        return None
    return {
        "_id": name,
        "job_id": document.job_id,
        "url": submission.callback_url,
        "host": host,
        "owner": submission.owner,
        "attempts": 0,
    }


def _unless_there(entry: dict[str, Any]) -> UpdateOne:
    new = {"$mergeObjects": [{"$literal": entry}, {"due": "$$NOW", "created_at": "$$NOW"}]}
    is_there = {"$gt": ["$created_at", None]}
    return UpdateOne({"_id": entry["_id"]}, [{"$replaceWith": {"$cond": [is_there, "$$ROOT", new]}}], upsert=True)


def _from_now(seconds: float) -> dict[str, Any]:
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": int(1000 * seconds)}}
