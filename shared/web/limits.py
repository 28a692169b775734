"""Limits for the size of requests, and for the connections of one address.

uvicorn's setting for the size of headers is for h11 only (`h11_max_incomplete_event_size`); with httptools, headers and
trailers grow without limit. h11 takes 93 µs longer for each request, and the status service answers a poll in 129 µs.
Therefore `HttpLimitProtocol` counts the bytes, which takes 2 to 6 µs. In addition to what `shared.web.timeouts` uses of
uvicorn, it uses `data_received`, `on_message_complete`, `pipeline` and `client`, which are not public either.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from shared.web.timeouts import HttpTimeoutProtocol

HEAD_BYTES: Final = 64 * 1024
"""Most bytes in a row that are not body: headers, or the sizes and extensions of chunks, or trailers.

They are counted after each piece of `PIECE_BYTES`, so that a request may exceed this by one piece.
"""

PIECE_BYTES: Final = 64 * 1024

PIPELINED: Final = 16
"""Most requests that wait on a connection for the response to an earlier one, counted after each piece."""

_PROBLEM: Final = json.dumps(
    {"detail": f"The headers have more than {HEAD_BYTES // 1024} KiB. Send fewer.", "code": "headers_too_large"}
).encode()
TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(_PROBLEM), _PROBLEM)
)


class ConnectionLimit:
    """Counts the open connections of each address. A `maximum` of 0 means no limit.

    `proxies` are addresses and networks, in uvicorn's format of FORWARDED_ALLOW_IPS. They have no limit, because all
    clients behind a proxy share its address.
    """

    def __init__(self, maximum: int, proxies: str = "") -> None:
        self._maximum = maximum
        self._proxies = [*_networks(proxies)]
        self._open: Counter[str] = Counter()

    def add(self, host: str) -> bool:
        """Count a connection, and return whether it is within the limit."""
        client = network_of(host)
        self._open[client] += 1
        return not 0 < self._maximum < self._open[client] or self._is_proxy(host)

    def remove(self, host: str) -> None:
        client = network_of(host)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]

    def _is_proxy(self, host: str) -> bool:
        address = _address(host)
        return address is not None and any(address in network for network in self._proxies)


class HttpLimitProtocol(HttpTimeoutProtocol):
    """Refuses large headers with 431. Closes connections with large trailers, and those above the limit."""

    _head_bytes = 0  # received since the last byte of a body or the end of a request
    _refused = False
    _host = ""

    def __init__(self, *args: Any, limit: ConnectionLimit, **kwargs: Any) -> None:  # noqa: ANN401 -- passed on to uvicorn
        super().__init__(*args, **kwargs)
        self._limit = limit

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's annotation
        super().connection_made(transport)
        self._host = self.client[0] if self.client else ""
        if not self._limit.add(self._host):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._limit.remove(self._host)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE_BYTES):
            if self._refused or self.transport.is_closing():
                return
            piece = data[start : start + PIECE_BYTES]
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._head_bytes > HEAD_BYTES or len(self.pipeline) > PIPELINED:
                self._refuse()

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        super().on_message_complete()

    def _refuse(self) -> None:
        """Answer if no other response is in progress. The client may send the rest, which is discarded.

        Closing at once would reset the connection, and the client might lose the answer. `HttpTimeoutProtocol` closes
        it after `REQUEST_SECONDS`.
        """
        self._refused = True
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(TOO_LARGE)
            self.transport.write_eof()
        else:
            self.transport.abort()


def network_of(host: str) -> str:
    """Return what counts as one client: an IPv4 address, or an IPv6 client's /64 network, which it usually has whole.

    An IPv4 address that is mapped to IPv6 (`::ffff:192.0.2.1`, as on a socket for both) counts as itself: all of them
    are in one /64 network.
    """
    address = _address(host)
    return str(ip_network((address, 64), strict=False) if isinstance(address, IPv6Address) else address or host)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address, of a mapped one the IPv4 address, without a scope. None for any other text."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _networks(text: str) -> Iterator[IPv4Network | IPv6Network]:
    """Yield the addresses and networks of a comma-separated list. `*` is every address; other names are left out."""
    for part in text.replace("*", "0.0.0.0/0,::/0").split(","):
        with suppress(ValueError):
            yield ip_network(part.strip(), strict=False)
