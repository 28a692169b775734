"""Time limits for slow and stalled HTTP clients.

uvicorn waits without limit for the headers of a request and for a client that reads no response, so that a few hundred
idle connections exhaust a service ("slowloris"). It has no public setting or hook for such limits
(https://www.uvicorn.org/settings/#timeouts has only keep-alive and shutdown). Therefore `HttpTimeoutProtocol` overrides
its protocol class and reads these attributes, which are not public: `loop`, `transport`, `cycle` and
`cycle.response_complete`. `pyproject.toml` caps uvicorn's version; tests/unit/shared/web/test_timeouts.py fails when
the attributes change, tests/integration/test_hostile.py when the limits stop working.
"""

import asyncio
from math import inf
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 20.0
"""Longest time for the headers of a request to arrive, and the interval of checks."""

STALLED_CHECKS = 15
"""Checks after which a response that the client does not read is dropped: 5 minutes. A paused player reconnects."""

REFUSED_UPLOAD_BYTES = 80_000
"""Fewest bytes of a refused upload per check. Browsers read the refusal only after they have sent everything."""


class HttpTimeoutProtocol(HttpToolsProtocol):
    """Closes connections that have sent no complete request in time, or whose response is not being read.

    While the application works on a request, there is no limit here.
    """

    _timer: asyncio.TimerHandle
    _last: tuple[Any, int] = None, 0  # at the last check: the request-response cycle, and the bytes not yet sent
    _unchanged_checks = 0
    _late_bytes = 0  # received since the last check for a request that already has its response

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's annotation
        super().connection_made(transport)
        self._schedule()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def on_body(self, body: bytes) -> None:
        if self.cycle.response_complete:
            self._late_bytes += len(body)
        super().on_body(body)

    def _schedule(self) -> None:
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._check)

    def _check(self) -> None:
        now = self.cycle, self.transport.get_write_buffer_size()
        unchanged = now == self._last and self._late_bytes < REFUSED_UPLOAD_BYTES
        self._unchanged_checks = self._unchanged_checks + 1 if unchanged else 0
        self._last, self._late_bytes = now, 0
        if self._unchanged_checks < self._max_unchanged_checks():
            self._schedule()
        else:
            self.transport.abort()

    def _max_unchanged_checks(self) -> float:
        if self._last[1]:
            return STALLED_CHECKS
        return 1 if self.cycle is None or self.cycle.response_complete else inf
