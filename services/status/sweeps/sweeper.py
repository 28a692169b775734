"""Runs the sweeps periodically: stalled tasks, expired jobs, given-up callbacks, queue metrics and orphans."""

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from services.status.database.outbox import Outbox
from services.status.database.store import Store
from services.status.queue.reading import read_waiting
from services.status.settings import Settings
from services.status.sweeps.expiry import remove_expired
from services.status.sweeps.orphans import Orphans
from services.status.sweeps.stalled import recover_stalled_tasks
from shared.broker.bus import Bus
from shared.broker.topology import STATUS_QUEUE
from shared.errors import StorageUnavailableError, TransientError
from shared.storage.job_files import Storage
from shared.telemetry.metrics import QUEUE_LAG, TASKS_WAITING

log = structlog.get_logger()

GIVEN_UP_SECONDS: Final = 3600.0
"""Time for which a given-up callback stays in the database."""


class Sweeper:
    def __init__(self, bus: Bus, store: Store, storage: Storage, settings: Settings) -> None:
        self._bus = bus
        self._store = store
        self._storage = storage
        self._outbox = Outbox(store)
        self._interval_seconds = settings.janitor_seconds
        self._ttl = timedelta(hours=settings.job_ttl_hours)
        self._silence = timedelta(minutes=settings.silence_minutes)
        self._orphan_age = timedelta(minutes=settings.orphan_minutes)
        self._orphans = Orphans(bus, store, storage, self._orphan_age)
        self._was_caught_up = False

    async def sweep_forever(self) -> None:
        orphans_due = monotonic() + self._orphan_age.total_seconds()
        while True:
            try:
                await self.sweep()
                if monotonic() > orphans_due:
                    orphans_due = monotonic() + self._orphan_age.total_seconds()
                    await self._orphans.sweep()
            except TransientError as error:
                log.warning("sweep ended early", error=str(error))
            except Exception:  # the next sweep does what this one left
                log.exception("sweep failed")
            await asyncio.sleep(self._interval_seconds)

    async def sweep(self) -> None:
        """Run all sweeps except that for orphans. Raises TransientError.

        A task is only known to be silent if every event has been folded: no event waits now, and none waited at the
        previous sweep, so that events received since then have been folded as well.
        """
        was_caught_up, self._was_caught_up = self._was_caught_up, False
        is_caught_up = await self._bus.backlog(STATUS_QUEUE) == 0
        if was_caught_up and is_caught_up:
            await recover_stalled_tasks(self._bus, self._store, self._silence)
        await self._remove_expired()
        await self._outbox.remove_given_up(GIVEN_UP_SECONDS)
        await self._update_queue_metrics()
        self._was_caught_up = is_caught_up

    async def _remove_expired(self) -> None:
        """Remove expired jobs, if the storage answers. Asks it in any case, so that the alerts know of an outage."""
        try:
            await self._storage.check()
            await remove_expired(self._store, self._storage, self._outbox, self._ttl)
        except StorageUnavailableError as error:
            log.warning("storage unavailable; expired jobs stay until the next sweep", error=str(error))

    async def _update_queue_metrics(self) -> None:
        for task, waiting in (await read_waiting(self._store)).items():
            TASKS_WAITING.labels(task).set(waiting.tasks)
            QUEUE_LAG.labels(task).set(waiting.seconds)
