"""Job documents in MongoDB; the only module that knows which driver is used.

A document holds the registers of `shared.job` by name. An event is folded by one atomic upsert that
compares orders inside the server, so any number of replicas may write at once.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, Final

import stamina
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import TypeAdapter
from pymongo import DESCENDING, UpdateOne
from pymongo.errors import PyMongoError

from shared.errors import TransientError
from shared.events import Event, Task, TaskEvent, TaskProgressed, TaskStarted, rfc3339
from shared.job import COMPLETED, FAILED, Job, Register, claims

CANDIDATES: Final = 1000
"""How many of an owner's jobs are looked at, at most, to find the unfinished ones."""

_registers = TypeAdapter(dict[str, Register])


class Store:
    def __init__(self, client: Any, database: str) -> None:  # noqa: ANN401 -- motor has no types
        self._database = client[database]
        self._jobs = self._database["jobs"]

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
                await self._jobs.create_index("submitted.event.at")
                await self._jobs.create_index("updated.order.0")
                await self._jobs.create_index([("submitted.event.owner", 1), ("submitted.event.at", DESCENDING)])

    async def fold(self, events: Iterable[Event]) -> None:
        """Folds events in any order, in one round trip. Waits for a server that is away: nothing is lost."""
        updates = [_upsert(event) for event in events]
        async for attempt in stamina.retry_context(on=PyMongoError, attempts=None, timeout=None):
            with attempt:  # two replicas that insert one document at once: one is refused, and updates it next time
                await self._jobs.bulk_write(updates, ordered=False)

    async def get(self, job_id: str) -> Job | None:
        """Raises TransientError when the server is away."""
        with _away():
            document = await self._jobs.find_one({"_id": job_id}, {"_id": False})
        return None if document is None else _registers.validate_python(document)

    async def check(self) -> None:
        """Raises TransientError unless the server answers now."""
        with _away():
            await self._database.command("ping")

    async def created_before(self, moment: datetime) -> AsyncIterator[str]:
        """Ids of jobs created before `moment`, and of what has had no submission and no event since."""
        old = {"$lt": rfc3339(moment)}
        query = {"$or": [{"submitted.event.at": old}, {"submitted": None, "updated.order.0": old}]}
        with _away():
            async for document in self._jobs.find(query, {"_id": True}):
                yield document["_id"]

    async def silent_since(self, moment: datetime) -> AsyncIterator[TaskEvent]:
        """The last event of each task that started or progressed before `moment`, and has said nothing since."""
        live = {"event.type": {"$in": ["task_started", "task_progressed"]}, "event.at": {"$lt": rfc3339(moment)}}
        query = {"$or": [{f"{task}.{name}": test for name, test in live.items()} for task in Task]}
        with _away():
            async for document in self._jobs.find(query, {"_id": False}):
                for register in (r for name, r in _registers.validate_python(document).items() if name in set(Task)):
                    if isinstance(register.event, TaskStarted | TaskProgressed) and register.event.at < moment:
                        yield register.event

    async def perhaps_unfinished(self, owner: str) -> AsyncIterator[Job]:
        """The owner's jobs that have not ended, newest first, with some that have: `shared.view` tells them apart."""
        ended = {"$in": [FAILED, COMPLETED]}
        unended = [
            {"submitted.event.options.tasks": task, f"{task}.order.1": {"$not": ended}} | _NEEDED.get(task, {})
            for task in Task
        ]
        retried = [{f"{task}_run": {"$ne": None}} for task in Task]
        query = {"submitted.event.owner": owner, "cancelled": None, "expired": None, "$or": [*unended, *retried]}
        newest_first = [("submitted.event.at", DESCENDING)]
        with _away():
            async for document in self._jobs.find(query, {"_id": False}, sort=newest_first, limit=CANDIDATES):
                yield _registers.validate_python(document)

    async def delete(self, job_id: str) -> None:
        await self._jobs.delete_one({"_id": job_id})


_NEEDED: Final = {Task.TRANSCRIPTION: {f"{Task.STEM_SEPARATION}.order.1": {"$ne": FAILED}}}
"""What must hold for a task to run still: there is no transcription of a song whose separation failed."""


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise TransientError("The database is away", str(error)[:200], code="database_unavailable") from error


def _upsert(event: Event) -> UpdateOne:
    registers = {
        name: {
            "$cond": [
                {"$gt": [{"$literal": list(claim.order)}, {"$ifNull": [f"${name}.order", []]}]},
                {"$literal": claim.model_dump(mode="json")},
                f"${name}",
            ]
        }
        for name, claim in claims(event).items()
    }
    return UpdateOne({"_id": event.job_id}, [{"$set": registers}], upsert=True)
