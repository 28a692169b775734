"""Connections that are held open for nothing do not stay."""

import asyncio
from math import inf
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 20.0
"""How long a client may take to send the headers of a request; uvicorn itself would wait for ever."""

STALLED_CHECKS = 15
"""How many times `REQUEST_SECONDS` a client may read nothing of its answer. A player that pauses comes back."""

REFUSED_UPLOAD_BYTES = 80_000
"""So much of a refused upload must come in `REQUEST_SECONDS`: its client reads why only when it has sent everything."""


class HttpTimeoutProtocol(HttpToolsProtocol):
    """Closes a connection without a request to answer, however slowly bytes drip in, or whose answer nobody reads."""

    _watchdog: asyncio.TimerHandle
    _seen: tuple[Any, int] = None, 0  # at the last look: the request-response cycle, and the bytes yet to be sent
    _quiet_looks = 0
    _late = 0  # bytes of a request that was answered already, since the last look

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._watchdog.cancel()
        super().connection_lost(exc)

    def on_body(self, body: bytes) -> None:
        if self.cycle.response_complete:
            self._late += len(body)
        super().on_body(body)

    def _watch(self) -> None:
        self._watchdog = self.loop.call_later(REQUEST_SECONDS, self._look)

    def _look(self) -> None:
        now = self.cycle, self.transport.get_write_buffer_size()
        self._quiet_looks = self._quiet_looks + 1 if now == self._seen and self._late < REFUSED_UPLOAD_BYTES else 0
        self._seen, self._late = now, 0
        if self._quiet_looks < self._limit():
            self._watch()
        else:
            self.transport.abort()

    def _limit(self) -> float:
        if self._seen[1]:
            return STALLED_CHECKS
        return 1 if self.cycle is None or self.cycle.response_complete else inf
