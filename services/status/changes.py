"""Who follows a job hears of its changes, whichever replica made them: by one change stream for all listeners."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from services.status.editions import Editions
from services.status.snapshots import Snapshots
from services.status.store import Store
from shared.errors import TransientError

log = structlog.get_logger()

AGAIN_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 1.0


class Changes:
    """Looks only while somebody listens. A listener has an event that is set, and need not keep up with it."""

    def __init__(self, store: Store, snapshots: Snapshots, editions: Editions) -> None:
        self._store = store
        self._editions = editions
        self._snapshots = snapshots
        self._listeners: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._looking: list[asyncio.Task[None]] = []

    @contextmanager
    def listening(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever there may be another edition of the job."""
        changed = asyncio.Event()
        self._listeners[job_id].add(changed)
        self._editions.outdate(job_id)  # what happened before is not told
        if not self._looking:
            self._looking = [asyncio.create_task(self._watch()), asyncio.create_task(self._look_at_the_queue())]
        try:
            yield changed
        finally:
            self._listeners[job_id].discard(changed)
            if not self._listeners[job_id]:
                del self._listeners[job_id]
                self._editions.outdate(job_id)
            if not self._listeners:
                self._stop()

    def _change(self, job_id: str) -> None:
        if job_id in self._listeners:
            self._editions.outdate(job_id)
            self._wake(job_id)

    def _wake(self, job_id: str) -> None:
        for changed in self._listeners[job_id]:
            changed.set()

    def _stop(self) -> None:
        for task in self._looking:
            task.cancel()
        self._looking = []

    async def _watch(self) -> None:
        """For ever. After a gap, and at first, anything may have happened."""
        while True:
            try:
                async for job_id in self._store.changes():
                    for each in list(self._listeners) if job_id is None else [job_id]:
                        self._change(each)
            except TransientError as error:
                log.warning("changes are not heard of", error=str(error))
            except Exception:  # whoever follows must not stand still because of it
                log.exception("changes are not heard of")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _look_at_the_queue(self) -> None:
        """A place in the queue, and the time to go, change with other jobs: only whose did is woken."""
        seen = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._snapshots.refresh()
            if seen != self._snapshots.latest:
                seen = self._snapshots.latest
                for job_id in list(self._listeners):
                    if self._editions.reckon(job_id):
                        self._wake(job_id)
