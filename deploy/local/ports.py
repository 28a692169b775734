"""TCP ports of this machine."""

import socket
from contextlib import ExitStack

from deploy.local.child import StartError

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> tuple[int, ...]:
    """Distinct ports on the loopback address that nothing listens on, chosen by the operating system."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return tuple(each.getsockname()[1] for each in sockets)


def listening(port: int) -> bool:
    """Whether something takes connections on this port of the loopback address."""
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0


def ensure_free(port: int) -> None:
    """Raises `StartError` when the port cannot be listened on."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
        except OSError as error:
            reason = f"{error.strerror}; choose another one, for example PORT={port + 80}"
            raise StartError(f"port {port} cannot be used", reason) from error
