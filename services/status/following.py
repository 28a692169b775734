"""`GET /api/status/<job_id>/events`: the document, and again whenever it changes, as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from services.status.changes import Changes
from services.status.documents import Documents, Shown
from shared.errors import TransientError
from shared.telemetry import EVENTS_SENT, STREAMS

ALIVE_SECONDS: Final = 15.0
"""The longest silence: proxies close a connection on which nothing is said for a minute or so."""

AGAIN_SECONDS: Final = 1.0


class Following:
    """Every event is the whole document, as it is when the client takes it: who is slow misses nothing but the past."""

    def __init__(self, documents: Documents, changes: Changes) -> None:
        self._documents = documents
        self._changes = changes

    async def stream(self, job_id: str, owner: str | None, last_id: str | None) -> AsyncGenerator[bytes, None]:
        """Ends with the job, be it over, expired or gone. `last_id` is that of the event which the client has."""
        shown: Shown | None = None
        with STREAMS.track_inprogress(), self._changes.listening(job_id) as changed:
            while True:
                changed.clear()
                try:
                    document = await self._documents.find(job_id, owner)
                    if document is None:
                        return
                    shown = await self._documents.show(document)
                    if event_id(shown) != last_id:
                        last_id = event_id(shown)
                        EVENTS_SENT.inc()
                        yield format_sse_event(event="status", id=last_id, data_str=shown.body.decode())
                    if document.is_over:
                        return
                except TransientError:
                    await self._changed(changed, AGAIN_SECONDS)
                    continue
                if not await self._changed(changed, min(ALIVE_SECONDS, _seconds_until(document.expires_at))):
                    yield KEEPALIVE_COMMENT

    async def _changed(self, changed: asyncio.Event, within: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                return await changed.wait()
        return False


def event_id(shown: Shown) -> str:
    return shown.etag.strip('"')


def _seconds_until(moment: datetime) -> float:
    return max(0.01, (moment - datetime.now(UTC)).total_seconds())
