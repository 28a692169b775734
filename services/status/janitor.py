"""Ends tasks that have gone silent, and removes jobs whose time is over.

A job's document goes last: while it is there, the rest can be found and removed.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from services.status.settings import Settings
from services.status.store import Store
from shared.bus import Bus
from shared.errors import TransientError
from shared.events import JobExpired, TaskFailed, rfc3339
from shared.storage import Storage
from shared.telemetry import EXPIRED

log = structlog.get_logger()


class Janitor:
    def __init__(self, bus: Bus, store: Store, storage: Storage, settings: Settings) -> None:
        self._bus = bus
        self._store = store
        self._storage = storage
        self._ttl = timedelta(hours=settings.job_ttl_hours)
        self._silence = timedelta(minutes=settings.silence_minutes)
        self._every = settings.janitor_seconds

    async def sweep_forever(self) -> None:
        while True:
            try:
                await self.sweep()
            except TransientError as error:
                log.warning("sweep ended early", error=str(error))
            await asyncio.sleep(self._every)

    async def sweep(self) -> None:
        now = datetime.now(UTC)
        await self._fail_silent(now)
        await self._remove_expired(now)

    async def _fail_silent(self, now: datetime) -> None:
        """Fails what has sent no heartbeat for long; a worker that comes back with a result still completes it."""
        async for last in self._store.silent_since(now - self._silence):
            log.error("task silent", job_id=last.job_id, task=last.task, since=rfc3339(last.at))
            await self._bus.publish(
                TaskFailed(
                    **last.model_dump(include={"job_id", "task", "run", "attempt"}),
                    at=now,
                    seq=last.seq + 1,
                    summary="The task was given up",
                    error=f"The task was given up: nothing was heard of it for {self._silence.seconds // 60} minutes",
                    error_code="task_silent",
                )
            )

    async def _remove_expired(self, now: datetime) -> None:
        """Says that each job due has expired, then deletes its files, then its document."""
        async for job_id in self._store.created_before(now - self._ttl):
            try:
                await self._bus.publish(JobExpired(job_id=job_id, at=now))
                await self._storage.delete_job(job_id)
                await self._store.delete(job_id)
            except Exception:  # one job that cannot be removed must not keep the others
                log.exception("job not removed; it is tried again", job_id=job_id)
            else:
                EXPIRED.inc()
                log.info("job removed", job_id=job_id)
