"""Requests without end and connections without a request neither fill the memory nor keep others out."""

import socket
import time
from contextlib import ExitStack, suppress

from tests.attack.conftest import Report
from tests.attack.target import VICTIM, Target, accepted, submit
from tests.attack.watch import Memory

CONNECTIONS = 3
"""Connections with headers, and as many with trailers."""
SENT_BYTES = 50_000_000
"""Sent on each connection, until it is closed."""
GROWN_MB = 20
SILENT_CONNECTIONS = 600
OPEN_CONNECTIONS = 200
WAIT_SECONDS = 5

HEADERS = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
TRAILERS = (
    b"POST /api/process HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n0\r\n"
)


def test_endless_headers_and_trailers_do_not_fill_the_memory(target: Target, report: Report, attacker: str) -> None:
    """All connections stay open until the end, so that what they hold adds up."""
    piece = 12 * (b"X-Filler: " + 8_000 * b"a" + b"\r\n")
    with ExitStack() as open_connections, Memory(target.pid).watched() as memory:
        for beginning in CONNECTIONS * (HEADERS, TRAILERS):
            connection = open_connections.enter_context(target.connection(attacker))
            with suppress(OSError):  # refused
                connection.sendall(beginning)
                for _ in range(0, SENT_BYTES, len(piece)):
                    connection.sendall(piece)
        memory.look()
    report("300 MB of headers and trailers: MB that the gateway's memory grows", memory.grown_bytes / 1e6, GROWN_MB)


def test_silent_connections_of_one_address_do_not_keep_others_out(
    target: Target, report: Report, attacker: str
) -> None:
    with ExitStack() as open_connections:
        sockets = [open_connections.enter_context(target.connection(attacker)) for _ in range(SILENT_CONNECTIONS)]
        with target.client(VICTIM) as client:
            began = time.perf_counter()
            accepted(submit(client))
            waited = time.perf_counter() - began
        kept = sum(map(_is_open, sockets))
    report("600 silent connections: seconds that another client's upload takes", waited, WAIT_SECONDS)
    report("600 silent connections: those that stay open", kept, OPEN_CONNECTIONS)


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
