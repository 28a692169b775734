"""What is kept of a job, and who follows it, hear of its changes, whichever replica made them: by one change stream."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog

from services.status.database.store import Store
from services.status.queue.snapshots import Snapshots
from services.status.read.document_cache import Editions
from services.status.read.rendered_document import Edition
from shared.errors import TransientError

log = structlog.get_logger()

AGAIN_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 1.0


class Changes:
    """A listener has an event that is set, and need not keep up with it."""

    def __init__(self, store: Store, snapshots: Snapshots, editions: Editions) -> None:
        self._store = store
        self._editions = editions
        self._snapshots = snapshots
        self._listeners: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._reckoned: dict[str, Edition | None] = {}
        self._looking: asyncio.Task[None] | None = None
        store.when_folded(editions.outdate)

    @asynccontextmanager
    async def heard_of(self) -> AsyncIterator[None]:
        """Until left."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    @contextmanager
    def listening(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever there may be another edition of the job."""
        changed = asyncio.Event()
        self._listeners[job_id].add(changed)
        self._editions.outdate(job_id)  # what happened before is not told
        self._looking = self._looking or asyncio.create_task(self._look_at_the_queue())
        try:
            yield changed
        finally:
            self._listeners[job_id].discard(changed)
            if not self._listeners[job_id]:
                del self._listeners[job_id]
                self._reckoned.pop(job_id, None)
            if not self._listeners:
                self._looking.cancel()
                self._looking = None

    def _wake(self, job_id: str) -> None:
        for changed in self._listeners.get(job_id, ()):
            changed.set()

    async def _watch(self) -> None:
        """For ever. After a gap, and at first, anything may have happened."""
        while True:
            try:
                changes = self._store.changes()
                await anext(changes)
                self._editions.outdate_all()
                for job_id in self._listeners:
                    self._wake(job_id)
                async for changed in changes:
                    self._editions.hear()
                    if changed is not None:
                        self._editions.outdate(changed.job_id, changed.revision)
                        self._wake(changed.job_id)
            except TransientError as error:
                log.warning("changes are not heard of", error=str(error))
            except Exception:  # whoever follows must not stand still because of it
                log.exception("changes are not heard of")
            finally:
                self._editions.hear(of_changes=False)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _look_at_the_queue(self) -> None:
        """A place in the queue, and the time to go, change with other jobs: only whose did is woken."""
        seen = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._snapshots.refresh()
            if seen != self._snapshots.latest:
                seen = self._snapshots.latest
                for job_id in self._listeners:
                    edition = self._editions.reckon(job_id)
                    if edition is not self._reckoned.get(job_id):
                        self._reckoned[job_id] = edition
                        self._wake(job_id)
