"""TCP ports on the loopback address."""

import secrets
import socket
from itertools import islice

from deploy.local.child import StartError

LOOPBACK = "127.0.0.1"

SERVER_PORTS = range(20_000, 32_000)
"""Linux takes ports for outgoing connections from 32768 up: none of those can occupy a port before its server does."""


def free_ports(count: int) -> tuple[int, ...]:
    """Return distinct free ports on the loopback address, chosen at random.

    No other process gets them from this function until this one ends, even while no server listens on them yet.
    """
    candidates = secrets.SystemRandom().sample(SERVER_PORTS, len(SERVER_PORTS))
    return tuple(islice(filter(_reserve, candidates), count))


def _reserve(port: int) -> bool:
    """Return whether the port is free and nobody else has reserved it. The UDP port of the same number is the mark."""
    mark = socket.socket(type=socket.SOCK_DGRAM)
    try:
        mark.bind((LOOPBACK, port))
        with socket.socket() as server:
            server.bind((LOOPBACK, port))
    except OSError:
        mark.close()
        return False
    mark.detach()  # stays bound until this process ends
    return True


def listening(port: int) -> bool:
    """Return whether a server accepts connections on this loopback port."""
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0


def ensure_free(port: int) -> None:
    """Raise `StartError` if a server cannot listen on the port."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
        except OSError as error:
            reason = f"{error.strerror}; choose another one, for example PORT={port + 80}"
            raise StartError(f"port {port} cannot be used", reason) from error
