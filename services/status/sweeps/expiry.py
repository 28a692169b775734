"""Looks after all jobs, again and again: ends those that went silent, removes those whose time is over, sweeps orphans,
and tells how long tasks wait.

A job's document goes last: while it is there, the rest can be found and removed.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog

from services.status.callbacks.outbox import Outbox
from services.status.database.store import Store
from services.status.settings import Settings
from services.status.sweeps.orphans import Orphans
from services.status.sweeps.stalled import end_silence
from shared.broker.bus import Bus
from shared.broker.topology import STATUS_QUEUE
from shared.errors import TransientError
from shared.events import JobExpired
from shared.storage.job_files import Storage
from shared.telemetry.metrics import EXPIRED, QUEUE_LAG, TASKS_WAITING

log = structlog.get_logger()


class Sweeper:
    def __init__(self, bus: Bus, store: Store, storage: Storage, settings: Settings) -> None:
        self._bus = bus
        self._store = store
        self._storage = storage
        self._settings = settings
        self._outbox = Outbox(store)
        age = timedelta(minutes=settings.orphan_minutes)
        self._orphans = Orphans(bus, store, storage, age)
        self._orphans_every = age.total_seconds()
        self._caught_up = False

    async def sweep_forever(self) -> None:
        orphans_due = monotonic() + self._orphans_every
        while True:
            try:
                await self.sweep()
                if monotonic() > orphans_due:
                    orphans_due = monotonic() + self._orphans_every
                    await self._orphans.sweep()
            except TransientError as error:
                log.warning("sweep ended early", error=str(error))
            except Exception:  # the next sweep finds what this one left
                log.exception("sweep failed")
            await asyncio.sleep(self._settings.janitor_seconds)

    async def sweep(self) -> None:
        """Raises TransientError.

        Who went silent can be told only by who has heard everything: no event waits, and none did a sweep ago, so that
        what was on its way to be folded has been.
        """
        before, self._caught_up = self._caught_up, False
        now = await self._bus.backlog(STATUS_QUEUE) == 0
        if before and now:
            await end_silence(self._bus, self._store, timedelta(minutes=self._settings.silence_minutes))
        await self._remove_expired(datetime.now(UTC))
        await self._outbox.sweep()
        await self._show_waiting()
        self._caught_up = now

    async def _show_waiting(self) -> None:
        for task, waiting in (await self._store.waiting()).items():
            TASKS_WAITING.labels(task).set(waiting.tasks)
            QUEUE_LAG.labels(task).set(waiting.seconds)

    async def _remove_expired(self, now: datetime) -> None:
        """Notes that each job due has expired, then deletes its files, then its document."""
        async for job_id in self._store.due(now - timedelta(hours=self._settings.job_ttl_hours)):
            try:
                await self._store.fold([JobExpired(job_id=job_id, at=now)])  # by the broker it might come back too late
                await self._storage.delete_job(job_id)
                await self._outbox.forget(job_id)
                await self._store.delete(job_id)
            except Exception:  # one job that cannot be removed must not keep the others
                log.exception("job not removed; it is tried again", job_id=job_id)
            else:
                EXPIRED.inc()
                log.info("job removed", job_id=job_id)
