"""Cache of rendered job documents. A job is read and encoded once per change, however many clients poll or follow it.

A cached document is valid while `ChangeFeed` receives every change to its job, made by this replica or by another one.
"""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from math import inf
from time import monotonic
from typing import Final

from services.status.queue.estimate import Queue
from services.status.queue.snapshots import Snapshots
from services.status.read.documents import Documents
from services.status.read.rendered_document import RenderedDocument
from shared.web.etag import etag_matches

CAPACITY: Final = 4096
"""Number of jobs in the cache; the least recently requested one is evicted. Each takes about 13 kB."""

FRESH_SECONDS: Final = 3.0
"""A replica that has received no change or heartbeat for this long may be out of date."""


@dataclass
class _Entry:
    """One job in the cache.

    `estimated_from` is the queue snapshot behind the document's estimate; `earlier_tags` are the ETags of its
    predecessors.
    """

    rendering: asyncio.Future[RenderedDocument | None] | None = None
    estimated_from: Queue | None = None
    earlier_tags: deque[str] = field(default_factory=lambda: deque(maxlen=8))

    @property
    def rendered(self) -> RenderedDocument | None:
        """The document, or None while it is being read, or when its read failed or found no job."""
        done = self.rendering
        if done is None or not done.done() or done.cancelled() or done.exception():
            return None
        return done.result()

    def is_as_new_as(self, condition: str | None) -> bool:
        """Return False if a client with this `If-None-Match` may have seen a newer document than this one."""
        tags = (self.rendered.etag, *self.earlier_tags) if self.rendered else self.earlier_tags
        return condition is None or any(etag_matches(condition, tag) for tag in tags)

    def invalidate(self) -> None:
        if self.rendered:
            self.earlier_tags.append(self.rendered.etag)
        self.rendering = None

    def replace(self, document: RenderedDocument) -> None:
        self.invalidate()
        self.rendering = asyncio.get_running_loop().create_future()
        self.rendering.set_result(document)


class DocumentCache:
    """The caller must check access: the cache returns a job's document whoever owns the job."""

    def __init__(self, documents: Documents, snapshots: Snapshots) -> None:
        self._documents = documents
        self._snapshots = snapshots
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._fresh_at = -inf

    def get_now(self, job_id: str, condition: str | None = None) -> RenderedDocument | None:
        """Return the cached document if it is valid for a client with this `If-None-Match`; never waits or reads."""
        entry = self._entries.get(job_id)
        if entry is None or (rendered := entry.rendered) is None or not self._is_fresh():
            return None
        if not rendered.document.is_over:
            rendered = self.refresh_estimate(job_id) if self._snapshots.are_current() else None
        if rendered is None or not entry.is_as_new_as(condition):
            return None
        self._entries.move_to_end(job_id)
        return rendered

    async def get(self, job_id: str, condition: str | None = None) -> RenderedDocument | None:
        """Return the document from the cache, from a read that is in progress, or from the database.

        A client with this `If-None-Match` never gets an older document than the one it has. Raises TransientError.
        """
        entry = self._entries.get(job_id)
        is_valid = self._is_fresh() and entry is not None and entry.is_as_new_as(condition)
        return await (self.latest_received(job_id) if is_valid else self.read_stored(job_id))

    async def latest_received(self, job_id: str) -> RenderedDocument | None:
        """Return the document as of the last received change, or None for a missing job. Raises TransientError."""
        entry = self._entries.get(job_id)
        if entry and entry.rendering and (shared := await asyncio.shield(entry.rendering)):
            await self._snapshots.refresh()
            return self.refresh_estimate(job_id) or shared
        # nothing is cached, or the shared read found no job, which may exist by now
        return await self.read_stored(job_id)

    async def read_stored(self, job_id: str) -> RenderedDocument | None:
        """Read the document from the database and cache it. Raises TransientError."""
        self.invalidate(job_id)
        entry = self._entries.setdefault(job_id, _Entry())
        entry.rendering = rendering = asyncio.ensure_future(self._render(job_id, entry))
        rendering.add_done_callback(lambda done: self._discard_if_useless(job_id, entry, done))
        self._entries.move_to_end(job_id)
        if len(self._entries) > CAPACITY:
            self._entries.popitem(last=False)
        return await asyncio.shield(rendering)

    def refresh_estimate(self, job_id: str) -> RenderedDocument | None:
        """Return the cached document with its estimate from the latest queue snapshot; reads nothing."""
        entry = self._entries.get(job_id)
        if entry is None or (rendered := entry.rendered) is None:
            return None
        queue, _ = self._snapshots.latest
        if entry.estimated_from is not queue:
            entry.estimated_from = queue
            document = self._snapshots.with_estimate(rendered.document)
            if document != rendered.document:
                rendered = replace(rendered, document=document)
                entry.replace(rendered)
        return rendered

    def invalidate(self, job_id: str, revision: int | None = None) -> None:
        """Have the next request read the job, unless the cached document already includes `revision`."""
        entry = self._entries.get(job_id)
        if entry and (revision is None or entry.rendered is None or entry.rendered.revision < revision):
            entry.invalidate()

    def invalidate_all(self) -> None:
        self._entries.clear()

    def mark_fresh(self) -> None:
        """Record that every change up to now has been received."""
        self._fresh_at = monotonic()

    def mark_stale(self) -> None:
        """Record that changes are no longer received."""
        self._fresh_at = -inf

    def _is_fresh(self) -> bool:
        return monotonic() - self._fresh_at < FRESH_SECONDS

    async def _render(self, job_id: str, entry: _Entry) -> RenderedDocument | None:
        found = await self._documents.read(job_id)
        if found is None:
            return None
        document = await self._documents.complete(found.document)
        entry.estimated_from, _ = self._snapshots.latest
        return RenderedDocument(document, found.owner, found.revision)

    def _discard_if_useless(self, job_id: str, entry: _Entry, done: asyncio.Future[RenderedDocument | None]) -> None:
        """Remove failures, missing jobs, and documents read from a manifest, for which no change will be received."""
        useless = done.cancelled() or done.exception() or (rendered := done.result()) is None or not rendered.revision
        if useless and entry.rendering is done:
            entry.rendering = None
            if self._entries.get(job_id) is entry:
                del self._entries[job_id]
