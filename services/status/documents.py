"""Jobs as they are shown, to those to whom they may be shown."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.status.snapshots import Snapshots
from services.status.store import Store
from shared.document import JobDocument
from shared.etag import etag
from shared.events import JOB_ID, JobSubmitted
from shared.job import Job, fold
from shared.storage import Storage
from shared.view import view

MANIFESTS_AT_ONCE: Final = 16


@dataclass(frozen=True)
class Shown:
    """A document and the very bytes in which it is sent, with their validator."""

    document: JobDocument
    body: bytes
    etag: str

    @classmethod
    def of(cls, document: JobDocument) -> "Shown":
        body = document.model_dump_json().encode()
        return cls(document, body, etag(body))


class Documents:
    def __init__(self, store: Store, storage: Storage, snapshots: Snapshots, ttl: timedelta) -> None:
        self._store = store
        self._storage = storage
        self._snapshots = snapshots
        self._ttl = ttl
        self._reading = asyncio.Semaphore(MANIFESTS_AT_ONCE)

    async def find(self, job_id: str, owner: str | None) -> JobDocument | None:
        """None for a job that is not there, has expired, or is not the owner's; without an owner all may be seen.

        Raises TransientError.
        """
        return await self._document(job_id, await self._store.get(job_id), owner)

    async def find_all(self, job_ids: Sequence[str], owner: str | None) -> list[JobDocument | None]:
        """As `find` does, in the order asked; what cannot be an id is no job either."""
        names = [job_id for job_id in job_ids if re.fullmatch(JOB_ID, job_id)]
        jobs = await self._store.many(names)
        found = await asyncio.gather(*(self._document(job_id, jobs.get(job_id), owner) for job_id in names))
        documents = dict(zip(names, found, strict=True))
        return [documents.get(job_id) for job_id in job_ids]

    async def show(self, document: JobDocument) -> Shown:
        """The document as it is sent now, with what the queue says of it."""
        return Shown.of(await self.complete(document))

    async def complete(self, document: JobDocument) -> JobDocument:
        return await self._snapshots.complete(document)

    async def _document(self, job_id: str, job: Job | None, owner: str | None) -> JobDocument | None:
        job = await self._with_submission(job_id, job)
        if job is None or "expired" in job or (owner is not None and _owner(job) != owner):
            return None
        document = view(job, ttl=self._ttl)
        return None if document.expires_at < datetime.now(UTC) else document

    async def _with_submission(self, job_id: str, job: Job | None) -> Job | None:
        """From the manifest, when the broker's copy of the submission has yet to arrive."""
        if job is None or "submitted" not in job:
            async with self._reading:
                submission = await self._storage.manifest(job_id)
            return fold(job or {}, submission) if submission else None
        return job


def _owner(job: Job) -> str | None:
    submission = job["submitted"].event
    return submission.owner if isinstance(submission, JobSubmitted) else None
