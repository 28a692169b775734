"""The queue as it is now, for all readers: looked at once, and no more often than it is worth."""

import asyncio
from time import monotonic
from typing import Final

import structlog

from services.status.database.store import Store
from services.status.queue.estimate import Queue, Speeds, with_outlook
from shared.document import JobDocument
from shared.errors import TransientError
from shared.telemetry.metrics import SNAPSHOT_SECONDS

log = structlog.get_logger()

SNAPSHOT_SECONDS_APART: Final = 1.0
SPEEDS_SECONDS_APART: Final = 30.0
SHARE: Final = 0.05
"""Of all time, so much at the most is spent on snapshots: with a long queue they are made less often."""
STALE_SECONDS: Final = 10.0
"""What is older than this, and twice its interval, is not shown while the next one is being made."""


class Snapshots:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: Queue | None = None
        self._speeds: Speeds = {}
        self._speeds_due = 0.0
        self._made_at = self._due = 0.0
        self._making: asyncio.Task[None] | None = None

    @property
    def latest(self) -> tuple[Queue | None, Speeds]:
        return self._queue, self._speeds

    async def complete(self, document: JobDocument) -> JobDocument:
        """The document with its queue position and its time to go, where they can be told."""
        if document.is_over:
            return document
        await self.refresh()
        return self.told(document)

    def told(self, document: JobDocument) -> JobDocument:
        """As `complete`, by the latest snapshot."""
        return with_outlook(document, self._queue, self._speeds) if self._queue else document

    async def refresh(self) -> None:
        """Sees to a snapshot, if one is due; waits for it only when the last one is too old to be shown."""
        if not self.are_current() and self._making:
            await asyncio.shield(self._making)

    def are_current(self) -> bool:
        """Sees to a snapshot, if one is due; whether the last one may be shown until it is there."""
        now = monotonic()
        if now >= self._due and self._making is None:
            self._making = asyncio.create_task(self._make())
        patience = max(STALE_SECONDS, 2 * (self._due - self._made_at))
        return self._making is None or (self._queue is not None and now - self._made_at <= patience)

    async def _make(self) -> None:
        began = monotonic()
        try:
            if began >= self._speeds_due:
                self._speeds = await self._store.speeds()
                self._speeds_due = monotonic() + SPEEDS_SECONDS_APART
            self._queue = await self._store.queue()
            self._made_at = monotonic()
        except TransientError as error:
            log.warning("the queue could not be looked at", error=str(error))
        except Exception:  # a document without an outlook is better than none
            log.exception("the queue could not be looked at")
            self._queue = None
        finally:
            took = monotonic() - began
            SNAPSHOT_SECONDS.observe(took)
            self._due = monotonic() + max(SNAPSHOT_SECONDS_APART, took * (1 / SHARE - 1))
            self._making = None
