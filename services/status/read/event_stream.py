"""`GET /api/status/<job_id>/events`: the document, and again whenever it changes, as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from fastapi.sse import KEEPALIVE_COMMENT

from services.status.read.change_feed import Changes
from services.status.read.document_cache import Editions
from shared.errors import TransientError
from shared.telemetry.metrics import EVENTS_SENT, STREAMS

ALIVE_SECONDS: Final = 15.0
"""The longest silence: proxies close a connection on which nothing is said for a minute or so."""

AGAIN_SECONDS: Final = 1.0


class Following:
    """Every event is the whole document, as it is when the client takes it: who is slow misses nothing but the past."""

    def __init__(self, editions: Editions, changes: Changes) -> None:
        self._editions = editions
        self._changes = changes

    async def stream(self, job_id: str, last_id: str | None) -> AsyncGenerator[bytes, None]:
        """Ends with the job, be it over, expired or gone. `last_id` is that of the event which the client has."""
        with STREAMS.track_inprogress(), self._changes.listening(job_id) as changed:
            said = monotonic()
            while True:
                changed.clear()
                try:
                    async with asyncio.timeout(said + ALIVE_SECONDS - monotonic()):
                        edition = await self._editions.latest(job_id)
                except (TransientError, TimeoutError):  # the client is no wiser for an end
                    patience = AGAIN_SECONDS
                else:
                    if edition is None or (patience := _seconds_until(edition.document.expires_at)) <= 0:
                        return
                    if edition.id != last_id:
                        last_id = edition.id
                        EVENTS_SENT.inc()
                        yield edition.event
                        said = monotonic()
                    if edition.document.is_over:
                        return
                silence = said + ALIVE_SECONDS - monotonic()
                if not await _is_set(changed, min(patience, silence)) and monotonic() - said >= ALIVE_SECONDS:
                    yield KEEPALIVE_COMMENT
                    said = monotonic()


async def _is_set(changed: asyncio.Event, within: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            return await changed.wait()
    return False


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()
