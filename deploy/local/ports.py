"""TCP ports on the loopback address."""

import socket
from contextlib import ExitStack

from deploy.local.child import StartError

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> tuple[int, ...]:
    """Return distinct free ports on the loopback address, chosen by the operating system."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return tuple(each.getsockname()[1] for each in sockets)


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
