"""The queue at this moment, read once for all clients and only as often as it is worth its cost."""

import asyncio
from time import monotonic
from typing import Final

import structlog

from services.status.database.store import Store
from services.status.queue.estimate import Queue, Speeds, with_estimate
from services.status.queue.reading import read_queue, read_speeds
from shared.document import JobDocument
from shared.errors import TransientError
from shared.telemetry.metrics import SNAPSHOT_SECONDS

log = structlog.get_logger()

SNAPSHOT_SECONDS_APART: Final = 1.0
SPEEDS_SECONDS_APART: Final = 30.0

SHARE: Final = 0.05
"""Largest share of all time spent on snapshots: a long queue is read less often."""

STALE_SECONDS: Final = 10.0
"""A snapshot older than this, and than twice its interval, is not used while the next one is being made."""


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
        """Return the document with its queue position and estimated time, as far as they are known."""
        if document.is_over:
            return document
        await self.refresh()
        return self.with_estimate(document)

    def with_estimate(self, document: JobDocument) -> JobDocument:
        """Like `complete`, from the latest snapshot."""
        return with_estimate(document, self._queue, self._speeds) if self._queue else document

    async def refresh(self) -> None:
        """Start a snapshot if one is due, and wait for it if the last one is stale."""
        if not self.are_current() and self._making:
            await asyncio.shield(self._making)

    def are_current(self) -> bool:
        """Start a snapshot if one is due, and return whether the last one may be used until it is done."""
        now = monotonic()
        if now >= self._due and self._making is None:
            self._making = asyncio.create_task(self._make())
        stale_seconds = max(STALE_SECONDS, 2 * (self._due - self._made_at))
        return self._making is None or (self._queue is not None and now - self._made_at <= stale_seconds)

    async def _make(self) -> None:
        began = monotonic()
        try:
            if began >= self._speeds_due:
                self._speeds = await read_speeds(self._store)
                self._speeds_due = monotonic() + SPEEDS_SECONDS_APART
            self._queue = await read_queue(self._store)
            self._made_at = monotonic()
        except TransientError as error:
            log.warning("the queue could not be read", error=str(error))
        except Exception:  # a document without an estimate is better than none
            log.exception("the queue could not be read")
            self._queue = None
        finally:
            took = monotonic() - began
            SNAPSHOT_SECONDS.observe(took)
            self._due = monotonic() + max(SNAPSHOT_SECONDS_APART, took * (1 / SHARE - 1))
            self._making = None
