"""Jobs as they were last read: each is read and encoded once after a change, however many ask for it or follow it.

What is kept holds for as long as `Changes` hears of whatever happens to it, at this replica or another.
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
from services.status.read.rendered_document import Edition
from shared.web.etag import is_known

MOST: Final = 4096
"""So many jobs are kept, those that were asked for last; each takes about 13 kB."""

HEARD_SECONDS: Final = 3.0
"""Who has heard nothing for so long, not even that nothing happens, may not know of a change."""


@dataclass
class _Kept:
    """`reckoned` is the queue by which the edition tells the outlook; `earlier` has the tags of those before it."""

    made: asyncio.Future[Edition | None] | None = None
    reckoned: Queue | None = None
    earlier: deque[str] = field(default_factory=lambda: deque(maxlen=8))

    @property
    def edition(self) -> Edition | None:
        """None, too, when the read has failed, and nobody has been told so yet."""
        if self.made is None or not self.made.done() or self.made.cancelled() or self.made.exception():
            return None
        return self.made.result()

    def is_behind(self, condition: str | None) -> bool:
        """Whether who has seen `condition` has seen nothing later than this."""
        tags = (self.edition.etag, *self.earlier) if self.edition else self.earlier
        return condition is None or any(is_known(condition, tag) for tag in tags)

    def outdate(self) -> None:
        if self.edition:
            self.earlier.append(self.edition.etag)
        self.made = None

    def renew(self, edition: Edition) -> None:
        self.outdate()
        self.made = asyncio.get_running_loop().create_future()
        self.made.set_result(edition)


class Editions:
    """Who asks must have been let in: an edition is of a job, whosever it is."""

    def __init__(self, documents: Documents, snapshots: Snapshots) -> None:
        self._documents = documents
        self._snapshots = snapshots
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._heard_at = -inf

    def kept(self, job_id: str, condition: str | None = None) -> Edition | None:
        """What may be shown without asking anybody to who has seen `condition`; None when that may not be."""
        entry = self._kept.get(job_id)
        if entry is None or (edition := entry.edition) is None or not self._is_told():
            return None
        if not edition.document.is_over:
            edition = self.reckon(job_id) if self._snapshots.are_current() else None
        if edition is None or not entry.is_behind(condition):
            return None
        self._kept.move_to_end(job_id)
        return edition

    async def current(self, job_id: str, condition: str | None = None) -> Edition | None:
        """As `kept`, or as the database has it: by a read that others began, or, where what they get might be older
        than `condition`, by another. Raises TransientError.
        """
        entry = self._kept.get(job_id)
        shared = self._is_told() and entry is not None and entry.is_behind(condition)
        return await (self.latest(job_id) if shared else self.read(job_id))

    async def latest(self, job_id: str) -> Edition | None:
        """As of the last change that was heard of, None for a job that is gone. Raises TransientError."""
        entry = self._kept.get(job_id)
        if entry and entry.made and (shared := await asyncio.shield(entry.made)):
            await self._snapshots.refresh()
            return self.reckon(job_id) or shared
        return await self.read(job_id)  # that there was no job when others asked is perhaps no longer so

    async def read(self, job_id: str) -> Edition | None:
        """As the database has it now. Raises TransientError."""
        self.outdate(job_id)
        entry = self._kept.setdefault(job_id, _Kept())
        entry.made = made = asyncio.ensure_future(self._make(job_id, entry))
        made.add_done_callback(lambda made: self._settle(job_id, entry, made))
        self._kept.move_to_end(job_id)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return await asyncio.shield(made)

    def reckon(self, job_id: str) -> Edition | None:
        """What is kept of the job, with what the queue says of it now: for that nothing is read."""
        entry = self._kept.get(job_id)
        if entry is None or (edition := entry.edition) is None:
            return None
        queue, _ = self._snapshots.latest
        if entry.reckoned is not queue:
            entry.reckoned = queue
            document = self._snapshots.told(edition.document)
            if document != edition.document:
                edition = replace(edition, document=document)
                entry.renew(edition)
        return edition

    def outdate(self, job_id: str, revision: int | None = None) -> None:
        """What is asked for from now on is read anew, unless what is kept is of this `revision` already, or later."""
        entry = self._kept.get(job_id)
        if entry and (revision is None or entry.edition is None or entry.edition.revision < revision):
            entry.outdate()

    def outdate_all(self) -> None:
        self._kept.clear()

    def hear(self, *, of_changes: bool = True) -> None:
        """Of all changes up to now it has been told; or, without, it is no longer told of them."""
        self._heard_at = monotonic() if of_changes else -inf

    def _is_told(self) -> bool:
        return monotonic() - self._heard_at < HEARD_SECONDS

    async def _make(self, job_id: str, entry: _Kept) -> Edition | None:
        found = await self._documents.read(job_id)
        if found is None:
            return None
        document = await self._documents.complete(found.document)
        entry.reckoned, _ = self._snapshots.latest
        return Edition(document, found.owner, found.revision)

    def _settle(self, job_id: str, entry: _Kept, made: asyncio.Future[Edition | None]) -> None:
        """Forgets what is of no use to others: failures, and what rests upon something of which no change is told."""
        useless = made.cancelled() or made.exception() or (edition := made.result()) is None or not edition.revision
        if useless and entry.made is made:
            entry.made = None
            if self._kept.get(job_id) is entry:
                del self._kept[job_id]
