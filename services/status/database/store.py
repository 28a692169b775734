"""Stored jobs in MongoDB. Only the modules of this package import the driver.

A stored job holds the registers of `shared.job` by name. An event is folded by one atomic upsert that compares orders
inside the server, so any number of replicas may write at the same time.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import stamina
import structlog
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import ValidationError
from pymongo import DESCENDING, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from services.status.database.codec import Change, StoredJob, job_from
from services.status.database.queries import (
    CHANGED,
    REGISTERS,
    TASK_RUNS,
    TASK_TYPES,
    UNFINISHED,
    at,
    due,
    silent_for,
    timed,
)
from services.status.database.upserts import folded, redactions, upsert
from shared.errors import PermanentError, TransientError
from shared.events import Event, rfc3339
from shared.job import Job
from shared.tasks import COMPLETED, Task

log = structlog.get_logger()

TOO_LARGE: Final = (10334, 17419)
"""The server's codes for a document that would become larger than 16 MB."""

Row = dict[str, Any]
"""Some fields of a stored job."""


class Store:
    """Methods that read raise TransientError while the server is unavailable."""

    def __init__(self, client: Any, database: str) -> None:  # noqa: ANN401 -- motor has no types
        self._database = client[database]
        self.jobs = self._database["jobs"]
        self.callbacks = self._database["callbacks"]
        self._on_fold: list[Callable[[str], None]] = []

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str, database: str) -> AsyncIterator["Store"]:
        """Does not wait for the server. Each call does, for up to 5 s."""
        client: Any = AsyncIOMotorClient(url, serverSelectionTimeoutMS=5000, appname="karaoke-status")
        try:
            yield cls(client, database)
        finally:
            client.close()

    async def prepare(self) -> None:
        """Wait for the server and create the indexes that the queries need."""
        async for attempt in stamina.retry_context(on=PyMongoError, attempts=None, timeout=None):
            with attempt:
                for field in ("submitted.event.at", "updated.order.0", "expired.order", *TASK_TYPES, *TASK_RUNS):
                    await self.jobs.create_index(field)
                for field in ("owner", "caller"):
                    await self.jobs.create_index([(f"submitted.event.{field}", 1), ("submitted.event.at", DESCENDING)])
                for field in TASK_TYPES:
                    await self.jobs.create_index(at(field), partialFilterExpression={field: COMPLETED})
                for field in ("due", "job_id", "gave_up_at"):
                    await self.callbacks.create_index(field)

    async def check(self) -> None:
        """Raise TransientError unless the server answers now."""
        with translated_errors():
            await self._database.command("ping")

    async def fold(self, events: Sequence[Event]) -> None:
        """Fold events in any order, in one round trip. Waits for an unavailable server, so that no event is lost.

        Raises any other error: an event cannot be encoded, or makes its job larger than the server stores.
        """
        jobs = folded(events)
        updates = [UpdateOne({"_id": job_id}, upsert(registers), upsert=True) for job_id, registers in jobs.items()]
        redacting = redactions(jobs)
        async for attempt in stamina.retry_context(on=TransientError, attempts=None, timeout=None):
            with attempt, translated_errors():  # stamina logs the error
                # If two replicas insert one job at once, one fails and updates it in the next attempt.
                await self.jobs.bulk_write([*updates, *redacting], ordered=bool(redacting))
        for notify in self._on_fold:
            for event in events:
                notify(event.job_id)

    def when_folded(self, notify: Callable[[str], None]) -> None:
        """Call `notify` with the id of each job that this replica folds, before `fold` returns."""
        self._on_fold.append(notify)

    async def delete(self, job_id: str) -> None:
        await self.jobs.delete_one({"_id": job_id})

    async def get(self, job_id: str) -> StoredJob | None:
        with translated_errors():
            document = await self.jobs.find_one({"_id": job_id}, {"_id": False, "heard": False})
        return None if document is None else StoredJob.of(document)

    async def many(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """Return the jobs that exist, by id, in one round trip."""
        rows = await self.rows(job_ids, REGISTERS)
        return {row["_id"]: job for row in rows for job in _readable(row)}

    async def with_callback(self, job_ids: Sequence[str]) -> list[Job]:
        """Return those of the jobs that have a callback URL."""
        query = {"_id": {"$in": list(job_ids)}, "submitted.event.callback_url": {"$type": "string"}}
        with translated_errors():
            documents = await self.jobs.find(query, REGISTERS).to_list(None)
        return [job for document in documents for job in _readable(document)]

    async def forget_callback_urls(self, job_ids: Sequence[str]) -> None:
        """Remove the callback URLs of jobs that will have no further callback. The outbox keeps those to be sent."""
        query = {"_id": {"$in": list(job_ids)}, "submitted": {"$ne": None}}
        with translated_errors():
            await self.jobs.update_many(
                query, {"$set": {"submitted.event.callback_url": None}, "$inc": {"revision": 1}}
            )

    async def changes(self) -> AsyncIterator[Change | None]:
        """Yield the changes of jobs by any replica; None at the start, and after each second without a change.

        Changes before the first None are not reported.
        """
        with translated_errors():
            async with self.jobs.watch([{"$project": CHANGED}], max_await_time_ms=1000) as stream:
                yield None
                while stream.alive:
                    change = await stream.try_next()
                    if change is None:
                        yield None
                    elif "documentKey" in change:
                        updated = change.get("updateDescription", {}).get("updatedFields", {})
                        revision = (change.get("fullDocument") or updated).get("revision")
                        yield Change(change["documentKey"]["_id"], revision)

    async def rows(self, job_ids: Sequence[str], projection: Mapping[str, Any]) -> list[Row]:
        with translated_errors():
            found: list[Row] = await self.jobs.find({"_id": {"$in": list(job_ids)}}, projection).to_list(None)
        return found

    async def unfinished_rows(self, projection: Mapping[str, Any]) -> list[Row]:
        """Return the jobs that may be unfinished (see `UNFINISHED`)."""
        with translated_errors():
            found: list[Row] = await self.jobs.find(UNFINISHED, projection).to_list(None)
        return found

    async def completed_rows(self, task: Task, limit: int) -> list[Row]:
        """Return the durations of the latest completions of a task and of their songs."""
        query, projection = timed(task)
        latest_first = [(at(f"{task}.event.type"), DESCENDING)]
        with translated_errors():
            found: list[Row] = await self.jobs.find(query, projection, sort=latest_first).to_list(limit)
        return found

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Row]:
        with translated_errors():
            found: list[Row] = await self.jobs.aggregate(list(pipeline)).to_list(None)
        return found

    async def due(self, moment: datetime) -> AsyncIterator[str]:
        """Yield the ids of expired jobs, of jobs created before `moment`, and of old events without a submission."""
        with translated_errors():
            async for document in self.jobs.find(due(moment), {"_id": True}):
                yield document["_id"]

    async def created_before(self, moment: datetime) -> AsyncIterator[Job]:
        with translated_errors():
            async for document in self.jobs.find({"submitted.event.at": {"$lt": rfc3339(moment)}}, REGISTERS):
                for job in _readable(document):
                    yield job

    async def silent_for(self, silence: timedelta) -> AsyncIterator[Job]:
        """Yield the unfinished jobs without an event for this long, by the server's own clock."""
        with translated_errors():
            async for document in self.jobs.find(silent_for(silence), REGISTERS):
                for job in _readable(document):
                    yield job


def _readable(document: Row) -> Iterator[Job]:
    """Yield the stored job, unless it cannot be read: one such job must not hide the others."""
    try:
        yield job_from({name: value for name, value in document.items() if name != "_id"})
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)  # inputs may be secret
        log.error("stored job cannot be read", job_id=document.get("_id"), errors=errors)  # noqa: TRY400 -- says it all


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise TransientError for any error of the driver, but PermanentError for a document that is too large.

    The text quotes no stored job: it is logged.
    """
    try:
        yield
    except BulkWriteError as error:  # its text and its details contain the updates
        codes = {each["code"] for each in (error.details or {}).get("writeErrors", [])}
        refusal = PermanentError if not codes.isdisjoint(TOO_LARGE) else TransientError
        raise refusal("The database refused updates", f"codes {codes}", code="database_unavailable") from None
    except PyMongoError as error:
        raise TransientError("The database is unavailable", str(error)[:200], code="database_unavailable") from error
