"""Removes files without a job and of cancelled ones, restores lost jobs, and ends jobs whose files are missing."""

from datetime import UTC, datetime, timedelta

import structlog

from services.status.database.store import Store
from services.status.sweeps.one_job import one_job
from shared.broker.bus import Bus
from shared.broker.topology import STATUS_QUEUE
from shared.events import JobExpired
from shared.storage.job_files import Storage

log = structlog.get_logger()


class Orphans:
    """Ignores anything younger than `age`, because an upload in progress has files before it has a job."""

    def __init__(self, bus: Bus, store: Store, storage: Storage, age: timedelta) -> None:
        self._bus = bus
        self._store = store
        self._storage = storage
        self._age = age

    async def sweep(self) -> None:
        """Do nothing while events wait to be folded, as they may contain the missing job. Raises TransientError."""
        if await self._bus.backlog(STATUS_QUEUE):
            return
        before = datetime.now(UTC) - self._age
        async for job_id in self._storage.jobs_before(before):
            with one_job(job_id):
                stored = await self._store.get(job_id)
                if stored is None:
                    await self._restore_or_remove(job_id)
                elif stored.is_cancelled:  # a request or a worker stored a file while the job was cancelled
                    await self._storage.delete_job(job_id)
        async for job in self._store.created_before(before):
            if (submission := job.submission) and not (job.is_cancelled or job.is_expired):
                with one_job(submission.job_id):
                    await self._end_without_files(submission.job_id)

    async def _restore_or_remove(self, job_id: str) -> None:
        """Restore an accepted job from its manifest, so that it is processed again; remove the files of any other."""
        submission = await self._storage.signed_manifest(job_id)
        if submission and await self._storage.is_announced(job_id):
            log.warning("job missing in the database; it is restored from its manifest", job_id=job_id)
            await self._store.fold([submission])
        else:
            log.warning("files without a job; they are removed", job_id=job_id)
            await self._storage.delete_job(job_id)

    async def _end_without_files(self, job_id: str) -> None:
        if await self._storage.manifest(job_id) is None:
            log.warning("job without files; it ends", job_id=job_id)
            await self._bus.publish(JobExpired(job_id=job_id, at=datetime.now(UTC)))
