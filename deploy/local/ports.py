"""TCP ports on the loopback address."""

import secrets
import socket
from itertools import islice

from deploy.local.child import StartError

LOOPBACK = "127.0.0.1"


SERVER_PORTS = range(20_000, 32_000)
"""Linux takes ports for outgoing connections from 32768 up: none of those can occupy a port before its server does."""


def free_ports(count: int) -> tuple[int, ...]:
    """Return distinct free ports on the loopback address, chosen at random."""
    candidates = secrets.SystemRandom().sample(SERVER_PORTS, len(SERVER_PORTS))
    return tuple(islice(filter(_is_free, candidates), count))


def _is_free(port: int) -> bool:
    with socket.socket() as server:
        try:
            server.bind((LOOPBACK, port))
        except OSError:
            return False
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
