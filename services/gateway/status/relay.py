"""Event streams of jobs, passed on from the status service chunk by chunk."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, suppress
from http import HTTPStatus
from typing import Final

import aiohttp
from fastapi import Request, Response

from services.gateway.security.quota import Caller, caller_of
from services.gateway.settings import Settings
from services.gateway.status.client import StatusClient
from shared.telemetry.metrics import STREAMS
from shared.web.problem import Problem
from shared.web.streams import Stream

RETRY_AFTER: Final = {"Retry-After": "10"}


class Relay:
    """Limits the number of open streams, of each caller and in total. Streams end when `stopping` is set."""

    def __init__(self, status_client: StatusClient, settings: Settings, stopping: asyncio.Event) -> None:
        self._status_client = status_client
        self._max_streams = settings.max_streams
        self._max_streams_per_caller = settings.max_streams_of_one
        self._stopping = stopping
        self._open: Counter[Caller] = Counter()

    async def follow(self, job_id: str, request: Request, owner: str | None, last_id: str | None) -> Response:
        """Return the job's event stream, after the event `last_id`.

        Raises Problem 404 for a malformed job id, 429 or 503 for one stream too many, TransientError.
        """
        async with AsyncExitStack() as cleanup:
            self._count(caller_of(request, owner), cleanup)
            upstream = await self._status_client.open_stream(job_id, owner, last_id)
            cleanup.callback(upstream.close)
            if upstream.status == HTTPStatus.OK:
                return Stream(_chunks(upstream), self._stopping, cleanup.pop_all().aclose)
            return Response(await upstream.read(), upstream.status, media_type=upstream.headers.get("content-type"))

    def _count(self, caller: Caller, cleanup: AsyncExitStack) -> None:
        if self._open[caller] >= self._max_streams_per_caller:
            detail = f"At most {self._max_streams_per_caller} streams are open at once."
            raise Problem(429, "too_many_streams", detail, RETRY_AFTER)
        if self._open.total() >= self._max_streams:
            raise Problem(503, "busy", "Too many streams are open. Try again later, or poll the status.", RETRY_AFTER)
        self._open[caller] += 1
        STREAMS.inc()
        cleanup.callback(self._uncount, caller)

    def _uncount(self, caller: Caller) -> None:
        STREAMS.dec()
        self._open[caller] -= 1
        self._open += Counter()  # removes callers without a stream


async def _chunks(upstream: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """Yield the upstream's chunks until it ends or fails: the client then reconnects, and another replica answers."""
    with suppress(aiohttp.ClientError, TimeoutError):
        async for chunk in upstream.content.iter_any():
            yield chunk
