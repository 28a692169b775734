"""Removes jobs whose time is over: what is known of a job outlives its files, so nothing is left behind."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from services.status.settings import Settings
from services.status.store import Store
from shared.bus import Bus
from shared.errors import TransientError
from shared.events import JobExpired
from shared.storage import Storage
from shared.telemetry import EXPIRED

log = structlog.get_logger()


class Janitor:
    def __init__(self, bus: Bus, store: Store, storage: Storage, settings: Settings) -> None:
        self._bus = bus
        self._store = store
        self._storage = storage
        self._ttl = timedelta(hours=settings.job_ttl_hours)
        self._every = settings.janitor_seconds

    async def sweep_forever(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("sweep failed; trying again", seconds=self._every)
            await asyncio.sleep(self._every)

    async def sweep(self) -> None:
        """Says that each job due has expired, then deletes its files, then its document."""
        now = datetime.now(UTC)
        async for job_id in self._store.created_before(now - self._ttl):
            try:
                await self._bus.publish(JobExpired(job_id=job_id, at=now))
            except TransientError as error:
                log.warning("not removed yet", job_id=job_id, error=str(error))
                continue
            await self._storage.delete_job(job_id)
            await self._store.delete(job_id)
            EXPIRED.inc()
            log.info("job removed", job_id=job_id)
