"""Job documents in MongoDB; beside `outbox` and `counted`, the only module that knows which driver is used.

A document holds the registers of `shared.job` by name. An event is folded by one atomic upsert that
compares orders inside the server, so any number of replicas may write at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import stamina
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import DESCENDING, UpdateOne
from pymongo.errors import PyMongoError

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
from services.status.database.upserts import upserts
from services.status.queue.estimate import Queue, Unfinished, speed
from services.status.queue.rows import PROJECTION, readable, times
from services.status.queue.waiting import COUNT_WAITING, Waiting, waiting
from shared.errors import TransientError
from shared.events import Event, Task, rfc3339
from shared.job import Job

CANDIDATES: Final = 1000
"""How many of an owner's jobs are looked at, at most, to find the unfinished ones."""

LATEST: Final = 50
"""How many completed tasks of a kind tell how fast it is done."""

ROWS_AT_ONCE: Final = 500
"""So many are worked on before others have their turn."""

ENDS_KEPT_SECONDS: Final = 7 * 24 * 60 * 60
"""For so long an end of a job is known to have been counted."""


class Store:
    def __init__(self, client: Any, database: str) -> None:  # noqa: ANN401 -- motor has no types
        self._database = client[database]
        self.jobs = self._database["jobs"]
        self.ends = self._database["ends"]
        self.callbacks = self._database["callbacks"]
        self._told: list[Callable[[str], None]] = []

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str, database: str) -> AsyncIterator["Store"]:
        """Does not wait for the server: each call does, for up to 5 s."""
        client: Any = AsyncIOMotorClient(url, serverSelectionTimeoutMS=5000, appname="karaoke-status")
        try:
            yield cls(client, database)
        finally:
            client.close()

    async def prepare(self) -> None:
        """Waits for the server and sees to the indexes that the queries below read."""
        async for attempt in stamina.retry_context(on=PyMongoError, attempts=None, timeout=None):
            with attempt:
                for field in ("submitted.event.at", "updated.order.0", "expired.order", *TASK_TYPES, *TASK_RUNS):
                    await self.jobs.create_index(field)
                await self.jobs.create_index([("submitted.event.owner", 1), ("submitted.event.at", DESCENDING)])
                for field in TASK_TYPES:
                    await self.jobs.create_index(at(field), partialFilterExpression={field: "task_completed"})
                await self.ends.create_index("at", expireAfterSeconds=ENDS_KEPT_SECONDS)
                for field in ("due", "job_id", "gave_up_at"):
                    await self.callbacks.create_index(field)

    async def fold(self, events: Sequence[Event]) -> None:
        """Folds events in any order, in one round trip. Waits for a server that is away: nothing is lost."""
        updates = [UpdateOne({"_id": job_id}, update, upsert=True) for job_id, update in upserts(events).items()]
        async for attempt in stamina.retry_context(on=PyMongoError, attempts=None, timeout=None):
            with attempt:  # two replicas that insert one document at once: one is refused, and updates it next time
                await self.jobs.bulk_write(updates, ordered=False)
        for tell in self._told:
            for event in events:
                tell(event.job_id)

    def when_folded(self, tell: Callable[[str], None]) -> None:
        """Calls `tell` with the id of each job that is folded here, before anybody else hears of it."""
        self._told.append(tell)

    async def get(self, job_id: str) -> StoredJob | None:
        """Raises TransientError when the server is away."""
        with away():
            document = await self.jobs.find_one({"_id": job_id}, {"_id": False, "heard": False})
        return None if document is None else StoredJob.of(document)

    async def many(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """Those that are there, by their ids, in one round trip. Raises TransientError."""
        with away():
            documents = await self.jobs.find(
                {"_id": {"$in": list(job_ids)}}, {"heard": False, "revision": False}
            ).to_list(None)
        return {document.pop("_id"): job_from(document) for document in documents}

    async def with_callback(self, job_ids: Sequence[str]) -> list[Job]:
        """Those of the jobs of whose end somebody wants to be told. Raises TransientError."""
        query = {"_id": {"$in": list(job_ids)}, "submitted.event.callback_url": {"$type": "string"}}
        with away():
            documents = await self.jobs.find(query, REGISTERS).to_list(None)
        return [job_from(document) for document in documents]

    async def changes(self) -> AsyncIterator[Change | None]:
        """ChangeFeed of jobs, whoever makes them; None at first, and every second in which nothing happens.

        What happened before that is not told. Raises TransientError when the server goes away.
        """
        with away():
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

    async def queue(self) -> Queue:
        """What is unfinished now. Raises TransientError."""
        with away():
            rows = await self.jobs.find(UNFINISHED, PROJECTION).to_list(None)
        jobs: list[Unfinished] = []
        for start in range(0, len(rows), ROWS_AT_ONCE):
            jobs += readable(rows[start : start + ROWS_AT_ONCE])
            await asyncio.sleep(0)
        return Queue.of(jobs)

    async def speeds(self) -> dict[Task, float]:
        """How fast the latest completed tasks were done. Raises TransientError."""
        kept: dict[Task, float] = {}
        for field, task in TASK_TYPES.items():
            query, projection = timed(task)
            with away():
                rows = await self.jobs.find(query, projection, sort=[(at(field), DESCENDING)]).to_list(LATEST)
            if (known := speed(times(rows, task))) is not None:
                kept[task] = known
        return kept

    async def waiting(self) -> dict[Task, Waiting]:
        """The tasks that could begin and have not. Raises TransientError."""
        with away():
            return waiting(await self.jobs.aggregate(COUNT_WAITING).to_list(None))

    async def check(self) -> None:
        """Raises TransientError unless the server answers now."""
        with away():
            await self._database.command("ping")

    async def due(self, moment: datetime) -> AsyncIterator[str]:
        """Ids of jobs that were created before `moment` or have expired, and of strays: events without a submission."""
        with away():
            async for document in self.jobs.find(due(moment), {"_id": True}):
                yield document["_id"]

    async def created_before(self, moment: datetime) -> AsyncIterator[Job]:
        with away():
            async for document in self.jobs.find({"submitted.event.at": {"$lt": rfc3339(moment)}}, REGISTERS):
                yield job_from(document)

    async def silent_for(self, silence: timedelta) -> AsyncIterator[Job]:
        """Jobs that are not over and of which nothing has been heard for so long, by the server's own clock."""
        with away():
            async for document in self.jobs.find(silent_for(silence), REGISTERS):
                yield job_from(document)

    async def perhaps_unfinished(self, owner: str) -> AsyncIterator[Job]:
        """The owner's jobs that have not ended, newest first, with some that have: `shared.view` tells them apart."""
        newest_first = [("submitted.event.at", DESCENDING)]
        with away():
            async for document in self.jobs.find(
                UNFINISHED | {"submitted.event.owner": owner}, REGISTERS, sort=newest_first, limit=CANDIDATES
            ):
                yield job_from(document)

    async def delete(self, job_id: str) -> None:
        await self.jobs.delete_one({"_id": job_id})


@contextmanager
def away() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise TransientError("The database is away", str(error)[:200], code="database_unavailable") from error
