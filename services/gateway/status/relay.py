"""A job's events, passed on from the status service as they come."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, suppress
from typing import Final

import httpx
from fastapi import Request, Response

from services.gateway.security.quota import Caller, caller_of
from services.gateway.settings import Settings
from services.gateway.status.client import owner_header
from shared.errors import TransientError
from shared.telemetry.metrics import STREAMS
from shared.web.problem import Problem, require_job_id
from shared.web.streams import Stream

TIMEOUT: Final = httpx.Timeout(10, read=40)
"""A status service of which nothing is heard for longer than two of its signs of life is gone."""

AGAIN: Final = {"Retry-After": "10"}


class Relay:
    """`status` should have no limit on connections, and no other use. Streams end when `stopping` is set."""

    def __init__(self, status: httpx.AsyncClient, settings: Settings, stopping: asyncio.Event) -> None:
        self._status = status
        self._most = settings.max_streams
        self._most_of_one = settings.max_streams_of_one
        self._stopping = stopping
        self._open: Counter[Caller] = Counter()

    async def follow(self, job_id: str, request: Request, owner: str | None, last_id: str | None) -> Response:
        """Raises Problem 404 for what is no id, 429 and 503 for one stream too many, TransientError."""
        require_job_id(job_id)
        async with AsyncExitStack() as kept:
            self._take_place(caller_of(request, owner), kept)
            upstream = await self._ask(job_id, owner, last_id)
            kept.push_async_callback(upstream.aclose)
            if upstream.status_code == httpx.codes.OK:
                return Stream(_chunks(upstream), self._stopping, kept.pop_all().aclose)
            if upstream.is_server_error:
                raise TransientError("The status service cannot answer", code="status_unavailable")
            body = await upstream.aread()
            return Response(body, upstream.status_code, media_type=upstream.headers.get("content-type"))

    def _take_place(self, caller: Caller, kept: AsyncExitStack) -> None:
        if self._open[caller] >= self._most_of_one:
            raise Problem(429, "too_many_streams", f"At most {self._most_of_one} streams are open at once.", AGAIN)
        if self._open.total() >= self._most:
            raise Problem(503, "busy", "Too many streams are open. Try again later, or ask for the status.", AGAIN)
        self._open[caller] += 1
        STREAMS.inc()
        kept.callback(self._leave_place, caller)

    def _leave_place(self, caller: Caller) -> None:
        STREAMS.dec()
        self._open[caller] -= 1
        self._open += Counter()  # forgets who has none

    async def _ask(self, job_id: str, owner: str | None, last_id: str | None) -> httpx.Response:
        headers = owner_header(owner) | ({"Last-Event-ID": last_id} if last_id and last_id.isascii() else {})
        try:
            request = self._status.build_request(
                "GET", f"/api/status/{job_id}/events", headers=headers, timeout=TIMEOUT
            )
            return await self._status.send(request, stream=True)
        except httpx.HTTPError as error:
            raise TransientError("The status service is away", code="status_unavailable") from error


async def _chunks(upstream: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Up to its end, be it that its sender died: the client comes back, and another replica answers."""
    with suppress(httpx.HTTPError):
        async for chunk in upstream.aiter_raw():
            yield chunk
