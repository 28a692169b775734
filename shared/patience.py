"""Connections that are held open without a request do not stay."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 20.0
"""How long a client may take to send the headers of a request; uvicorn itself would wait for ever."""


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection that for `REQUEST_SECONDS` has had no request to answer, however slowly bytes drip in."""

    _watchdog: asyncio.TimerHandle
    _seen: Any = None  # the request-response cycle at the last look; None before the first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._watchdog.cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._watchdog = self.loop.call_later(REQUEST_SECONDS, self._look)

    def _look(self) -> None:
        answered = self.cycle is None or self.cycle.response_complete
        if answered and self.cycle is self._seen:
            self.transport.close()
        else:
            self._seen = self.cycle
            self._watch()
