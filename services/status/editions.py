"""A job as all its followers get it: after each change it is read and encoded once, however many they are."""

import asyncio
from dataclasses import dataclass

from fastapi.sse import format_sse_event

from services.status.documents import Documents, Shown
from services.status.snapshots import Snapshots
from shared.document import JobDocument


@dataclass(frozen=True)
class Edition:
    """A document and the very bytes of the event that tells it."""

    document: JobDocument
    id: str
    event: bytes

    @classmethod
    def of(cls, shown: Shown) -> "Edition":
        name = event_id(shown)
        return cls(shown.document, name, format_sse_event(event="status", id=name, data_str=shown.body.decode()))


class Editions:
    """Who asks must have been let in: an edition is of a job, whosever it is."""

    def __init__(self, documents: Documents, snapshots: Snapshots) -> None:
        self._documents = documents
        self._snapshots = snapshots
        self._latest: dict[str, asyncio.Future[Edition | None]] = {}

    async def latest(self, job_id: str) -> Edition | None:
        """As of the last change, None for a job that is gone. Raises TransientError."""
        if (made := self._latest.get(job_id)) is None:
            made = self._latest[job_id] = asyncio.ensure_future(self._make(job_id))
            made.add_done_callback(lambda made: self._forget_failure(job_id, made))
        return made.result() if made.done() else await asyncio.shield(made)

    def outdate(self, job_id: str) -> None:
        """What is asked for from now on is read anew."""
        self._latest.pop(job_id, None)

    def reckon(self, job_id: str) -> bool:
        """Whether what the queue says of the job has changed: then so has its edition, and nothing was read for it."""
        made = self._latest.get(job_id)
        if made is None or not made.done() or (edition := made.result()) is None:
            return False
        document = self._snapshots.told(edition.document)
        if document == edition.document:
            return False
        renewed = self._latest[job_id] = asyncio.get_running_loop().create_future()
        renewed.set_result(Edition.of(Shown.of(document)))
        return True

    async def _make(self, job_id: str) -> Edition | None:
        document = await self._documents.find(job_id, None)
        return Edition.of(await self._documents.show(document)) if document else None

    def _forget_failure(self, job_id: str, made: "asyncio.Future[Edition | None]") -> None:
        if (made.cancelled() or made.exception()) and self._latest.get(job_id) is made:
            del self._latest[job_id]


def event_id(shown: Shown) -> str:
    return shown.etag.strip('"')
