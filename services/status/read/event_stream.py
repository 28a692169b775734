"""`GET /api/status/<job_id>/events`: the document as server-sent events, first at once and then after every change."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from fastapi.sse import KEEPALIVE_COMMENT

from services.status.read.change_feed import ChangeFeed
from services.status.read.document_cache import DocumentCache
from shared.errors import TransientError
from shared.telemetry.metrics import EVENTS_SENT, STREAMS

KEEPALIVE_SECONDS: Final = 15.0
"""Longest silence on a stream. Proxies close a connection that is silent for about a minute."""

RETRY_SECONDS: Final = 1.0


class EventStream:
    """Each event is the whole document at the time of sending, so a slow client misses only intermediate states."""

    def __init__(self, cache: DocumentCache, changes: ChangeFeed) -> None:
        self._cache = cache
        self._changes = changes

    async def stream(self, job_id: str, last_id: str | None) -> AsyncGenerator[bytes, None]:
        """Yield events until the job has finished, expired or been deleted.

        `last_id` is the id of the last event that the client has received.
        """
        with STREAMS.track_inprogress(), self._changes.subscribed(job_id) as changed:
            sent_at = monotonic()
            while True:
                changed.clear()
                try:
                    async with asyncio.timeout(sent_at + KEEPALIVE_SECONDS - monotonic()):
                        rendered = await self._cache.latest_received(job_id)
                except (TransientError, TimeoutError):  # ending the stream would tell the client nothing
                    wait_seconds = RETRY_SECONDS
                else:
                    if rendered is None or (wait_seconds := _seconds_until(rendered.document.expires_at)) <= 0:
                        return
                    if rendered.id != last_id:
                        last_id = rendered.id
                        EVENTS_SENT.inc()
                        yield rendered.event
                        sent_at = monotonic()
                    if rendered.document.is_over:
                        return
                until_keepalive = sent_at + KEEPALIVE_SECONDS - monotonic()
                is_changed = await _is_set(changed, min(wait_seconds, until_keepalive))
                if not is_changed and monotonic() - sent_at >= KEEPALIVE_SECONDS:
                    yield KEEPALIVE_COMMENT
                    sent_at = monotonic()


async def _is_set(event: asyncio.Event, within_seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            return await event.wait()
    return False


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()
