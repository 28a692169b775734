"""Server-sent event streams. They end at once when their service stops."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

FINAL_CHUNK_SECONDS: Final = 1.0
"""Longest time to wait for a slow client before closing its stream."""


@contextmanager
def stop_streams_on_exit(stopping: asyncio.Event) -> Iterator[None]:
    """Set `stopping` on exit, also after SIGTERM, so that streams end before anything else is drained."""
    try:
        yield
    finally:
        stopping.set()


class Stream(StreamingResponse):
    """Sends the chunks of `source` until it ends, the client disconnects, or `stopping` is set.

    Then it calls `close` in every case.
    """

    def __init__(
        self,
        source: AsyncGenerator[bytes, None],
        stopping: asyncio.Event,
        close: Callable[[], Awaitable[None]] | None = None,
        status_code: int = 200,  # FastAPI reads this default for the OpenAPI document
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(source, status_code, headers, "text/event-stream")
        self._source = source
        self._stopping = stopping
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._source.aclose()
                if self._close:
                    await self._close()

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with anyio.create_task_group() as group:
            group.start_soon(self._cancel_when_stopping, group.cancel_scope)
            async for chunk in self._source:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            group.cancel_scope.cancel()
        with anyio.move_on_after(FINAL_CHUNK_SECONDS):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _cancel_when_stopping(self, scope: anyio.CancelScope) -> None:
        await self._stopping.wait()
        scope.cancel()
