"""Jobs as they are shown, to those to whom they may be shown."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.status.database.store import Store
from services.status.queue.snapshots import Snapshots
from shared.document import JobDocument
from shared.events import JOB_ID, JobSubmitted
from shared.job import Job, fold
from shared.storage.objects import Storage
from shared.view import view

MANIFESTS_AT_ONCE: Final = 16


@dataclass(frozen=True)
class Found:
    """A job's document, whose it is, and of which revision in the database: 0 while not all of it is there."""

    document: JobDocument
    owner: str | None
    revision: int


class Documents:
    def __init__(self, store: Store, storage: Storage, snapshots: Snapshots, ttl: timedelta) -> None:
        self._store = store
        self._storage = storage
        self._snapshots = snapshots
        self._ttl = ttl
        self._reading = asyncio.Semaphore(MANIFESTS_AT_ONCE)

    async def read(self, job_id: str) -> Found | None:
        """None for a job that is not there or has expired. Raises TransientError."""
        job = await self._store.get(job_id)
        return await self._found(job_id, job, job.revision if job else 0)

    async def find(self, job_id: str, owner: str | None = None) -> JobDocument | None:
        """None, too, for a job that is not the owner's; without an owner all may be seen. Raises TransientError."""
        return _shown(await self.read(job_id), owner)

    async def find_all(self, job_ids: Sequence[str], owner: str | None) -> list[JobDocument | None]:
        """As `find` does, in the order asked; what cannot be an id is no job either."""
        names = [job_id for job_id in job_ids if re.fullmatch(JOB_ID, job_id)]
        jobs = await self._store.many(names)
        found = await asyncio.gather(*(self._found(job_id, jobs.get(job_id)) for job_id in names))
        documents = {job_id: _shown(each, owner) for job_id, each in zip(names, found, strict=True)}
        return [documents.get(job_id) for job_id in job_ids]

    async def complete(self, document: JobDocument) -> JobDocument:
        """With what the queue says of it now."""
        return await self._snapshots.complete(document)

    async def _found(self, job_id: str, job: Job | None, revision: int = 0) -> Found | None:
        if job is None or "submitted" not in job:
            job, revision = await self._with_submission(job_id, job), 0
        if job is None or "expired" in job:
            return None
        document = view(job, ttl=self._ttl)
        return None if document.expires_at < datetime.now(UTC) else Found(document, _owner(job), revision)

    async def _with_submission(self, job_id: str, job: Job | None) -> Job | None:
        """From the manifest, when the broker's copy of the submission has yet to arrive."""
        async with self._reading:
            submission = await self._storage.manifest(job_id)
        return fold(job or {}, submission) if submission else None


def _shown(found: Found | None, owner: str | None) -> JobDocument | None:
    return found.document if found and owner in (None, found.owner) else None


def _owner(job: Job) -> str | None:
    submission = job["submitted"].event
    return submission.owner if isinstance(submission, JobSubmitted) else None
