"""Jobs as clients see them: without expired jobs, and only those of the client's owner."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from pydantic import ValidationError

from services.status.database.store import Store
from services.status.queue.snapshots import Snapshots
from shared.document import JobDocument
from shared.events import JOB_ID
from shared.job import Job, fold
from shared.storage.job_files import Storage
from shared.view import view

log = structlog.get_logger()

CONCURRENT_MANIFESTS: Final = 16


@dataclass(frozen=True)
class Found:
    """A job's document, its owner, and its revision in the database: 0 while its submission is not stored."""

    document: JobDocument
    owner: str | None
    revision: int


class Documents:
    def __init__(self, store: Store, storage: Storage, snapshots: Snapshots, ttl: timedelta) -> None:
        self._store = store
        self._storage = storage
        self._snapshots = snapshots
        self._ttl = ttl
        self._reading = asyncio.Semaphore(CONCURRENT_MANIFESTS)

    async def read(self, job_id: str) -> Found | None:
        """Return None for a missing or expired job. Raises TransientError."""
        job = await self._store.get(job_id)
        return await self._found(job_id, job, job.revision if job else 0)

    async def find(self, job_id: str, owner: str | None = None) -> JobDocument | None:
        """Return None for a missing or expired job, or another owner's; no owner sees all. Raises TransientError."""
        return _visible(await self.read(job_id), owner)

    async def find_all(self, job_ids: Sequence[str], owner: str | None) -> list[JobDocument | None]:
        """Find many jobs, in the order of `job_ids`; an invalid id gives None. Raises TransientError."""
        valid = [job_id for job_id in job_ids if re.fullmatch(JOB_ID, job_id)]
        jobs = await self._store.many(valid)
        found = await asyncio.gather(*(self._found(job_id, jobs.get(job_id)) for job_id in valid))
        documents = {job_id: _visible(each, owner) for job_id, each in zip(valid, found, strict=True)}
        return [documents.get(job_id) for job_id in job_ids]

    async def complete(self, document: JobDocument) -> JobDocument:
        """Return the document with its queue position and estimated time."""
        return await self._snapshots.complete(document)

    async def _found(self, job_id: str, job: Job | None, revision: int = 0) -> Found | None:
        if job is None or job.submission is None:
            job, revision = await self._with_submission(job_id, job), 0
        if job is None or job.is_expired:
            return None
        document = view(job, ttl=self._ttl)
        return None if document.expires_at < datetime.now(UTC) else Found(document, _owner(job), revision)

    async def _with_submission(self, job_id: str, job: Job | None) -> Job | None:
        """Fold the stored manifest, for a job whose submission has not been received from the broker yet."""
        try:
            async with self._reading:
                submission = await self._storage.signed_manifest(job_id)
        except ValidationError:
            log.exception("manifest cannot be read", job_id=job_id)
            return None
        return fold(job or Job(), submission) if submission else None


def _visible(found: Found | None, owner: str | None) -> JobDocument | None:
    return found.document if found and owner in (None, found.owner) else None


def _owner(job: Job) -> str | None:
    return job.submission.owner if job.submission else None
