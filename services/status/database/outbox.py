"""Callbacks that are still to be sent. They are stored, so that none is lost with the replica that folded its events.

A document has the id `<job_id>.<run>`, or `<job_id>.cancelled`, and the fields `due` and `url` until it is settled. A
settled one stays until its job is deleted, so that the same end is not added again. All times are the server's own.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pymongo import ReturnDocument, UpdateOne

from services.status.database.store import Store, translated_errors

LEASE_SECONDS: Final = 30
"""Time in which the replica that claimed a callback has to settle it. After that, another replica sends it."""

SETTLED: Final = dict.fromkeys(("due", "url", "host"), "$$REMOVE")
"""The URL may hold a secret of its owner, so it is removed with the last need for it."""


@dataclass(frozen=True)
class NewCallback:
    id: str
    job_id: str
    url: str
    host: str
    owner: str | None


@dataclass(frozen=True)
class Callback(NewCallback):
    """A claimed callback. `attempt` counts from 1; `age` is the number of seconds since the job ended."""

    attempt: int
    age: float


class Outbox:
    """All methods raise TransientError while the server is unavailable."""

    def __init__(self, store: Store) -> None:
        self._callbacks = store.callbacks

    async def add(self, callbacks: Sequence[NewCallback]) -> None:
        """Add callbacks that are due now. One that was added before stays as it is."""
        with translated_errors():
            await self._callbacks.bulk_write([_insert(callback) for callback in callbacks], ordered=False)

    async def claim(self, busy_hosts: Sequence[str], busy_owners: Sequence[str]) -> Callback | None:
        """Lease the callback that has been due for longest, unless its host or owner is busy."""
        query = {
            "due": {"$type": "date"},
            "host": {"$nin": list(busy_hosts)},
            "owner": {"$nin": list(busy_owners)},
            "$expr": {"$lte": ["$due", "$$NOW"]},
        }
        lease = {"due": _from_now(LEASE_SECONDS), "attempts": {"$add": ["$attempts", 1]}, "claimed_at": "$$NOW"}
        with translated_errors():
            found = await self._callbacks.find_one_and_update(
                query, [{"$set": lease}], sort=[("due", 1)], return_document=ReturnDocument.AFTER
            )
        if found is None:
            return None
        age = (found["claimed_at"] - found["created_at"]).total_seconds()
        fields = {name: found[name] for name in ("job_id", "url", "host", "owner")}
        return Callback(id=found["_id"], attempt=found["attempts"], age=age, **fields)

    async def mark_delivered(self, callback: Callback) -> None:
        await self._settle(callback, SETTLED | {"told_at": "$$NOW"})

    async def retry_later(self, callback: Callback, seconds: float) -> None:
        await self._settle(callback, {"due": _from_now(seconds)})

    async def give_up(self, callback: Callback) -> None:
        await self._settle(callback, SETTLED | {"gave_up_at": "$$NOW"})

    async def supersede(self, callback: Callback) -> None:
        """Settle a callback whose job has been run again or cancelled since."""
        await self._settle(callback, SETTLED | {"dropped_at": "$$NOW"})

    async def remove_given_up(self, seconds: float) -> None:
        """Remove the callbacks that were given up at least this long ago."""
        long_ago = {"$lte": ["$gave_up_at", _from_now(-seconds)]}
        with translated_errors():
            await self._callbacks.delete_many({"gave_up_at": {"$type": "date"}, "$expr": long_ago})

    async def delete_job(self, job_id: str) -> None:
        with translated_errors():
            await self._callbacks.delete_many({"job_id": job_id})

    async def _settle(self, callback: Callback, change: dict[str, Any]) -> None:
        """Change nothing if the lease has ended and another replica has claimed the callback since."""
        with translated_errors():
            await self._callbacks.update_one({"_id": callback.id, "attempts": callback.attempt}, [{"$set": change}])


def _insert(callback: NewCallback) -> UpdateOne:
    fields = asdict(callback)
    key = fields.pop("id")
    entry = {"$literal": {"_id": key, **fields, "attempts": 0}}
    new = {"$mergeObjects": [entry, {"due": "$$NOW", "created_at": "$$NOW"}]}
    exists = {"$gt": ["$created_at", None]}
    return UpdateOne({"_id": key}, [{"$replaceWith": {"$cond": [exists, "$$ROOT", new]}}], upsert=True)


def _from_now(seconds: float) -> dict[str, Any]:
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": int(1000 * seconds)}}
