"""Job changes from every replica, through one MongoDB change stream: invalidates the cache and wakes subscribers."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog

from services.status.database.store import Store
from services.status.queue.snapshots import Snapshots
from services.status.read.document_cache import DocumentCache
from services.status.read.rendered_document import RenderedDocument
from shared.errors import TransientError

log = structlog.get_logger()

RECONNECT_SECONDS: Final = 0.5
QUEUE_CHECK_SECONDS: Final = 1.0


class ChangeFeed:
    """A subscriber holds an `asyncio.Event`, so a slow one delays no other and misses only intermediate states."""

    def __init__(self, store: Store, snapshots: Snapshots, cache: DocumentCache) -> None:
        self._store = store
        self._cache = cache
        self._snapshots = snapshots
        self._subscribers: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._estimated: dict[str, RenderedDocument | None] = {}
        self._queue_watcher: asyncio.Task[None] | None = None
        store.when_folded(cache.invalidate)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch for changes until the context ends."""
        watching = asyncio.create_task(self._watch_changes())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    @contextmanager
    def subscribed(self, job_id: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever the job's document may have changed."""
        changed = asyncio.Event()
        self._subscribers[job_id].add(changed)
        self._cache.invalidate(job_id)  # earlier changes are not reported
        self._queue_watcher = self._queue_watcher or asyncio.create_task(self._watch_queue())
        try:
            yield changed
        finally:
            self._subscribers[job_id].discard(changed)
            if not self._subscribers[job_id]:
                del self._subscribers[job_id]
                self._estimated.pop(job_id, None)
            if not self._subscribers:
                self._queue_watcher.cancel()
                self._queue_watcher = None

    def _wake(self, job_id: str) -> None:
        for changed in self._subscribers.get(job_id, ()):
            changed.set()

    async def _watch_changes(self) -> None:
        """Runs until cancelled. After every (re)connection, any job may have changed."""
        while True:
            try:
                changes = self._store.changes()
                await anext(changes)
                self._cache.invalidate_all()
                for job_id in self._subscribers:
                    self._wake(job_id)
                async for changed in changes:
                    self._cache.mark_fresh()
                    if changed is not None:
                        self._cache.invalidate(changed.job_id, changed.revision)
                        self._wake(changed.job_id)
            except TransientError as error:
                log.warning("change stream unavailable; reconnecting", error=str(error))
            except Exception:  # subscribers must not wait for ever because of one bad change
                log.exception("change stream failed; reconnecting")
            finally:
                self._cache.mark_stale()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _watch_queue(self) -> None:
        """Wake the subscribers whose queue position or estimate has changed, as other jobs change both."""
        seen = None
        while True:
            await asyncio.sleep(QUEUE_CHECK_SECONDS)
            await self._snapshots.refresh()
            if seen != self._snapshots.latest:
                seen = self._snapshots.latest
                for job_id in self._subscribers:
                    rendered = self._cache.refresh_estimate(job_id)
                    if rendered is not self._estimated.get(job_id):
                        self._estimated[job_id] = rendered
                        self._wake(job_id)
