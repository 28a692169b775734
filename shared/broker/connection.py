"""Connections and channels, and the errors that mean that the broker is unavailable."""

from typing import Final

import aio_pika
from aio_pika.abc import AbstractRobustChannel, AbstractRobustConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, AMQPConnectionError, AMQPError, ChannelInvalidStateError

BROKER_ERRORS: Final = (AMQPError, ChannelInvalidStateError, ConnectionError, TimeoutError)
"""Errors of a broker that is unavailable or restarting. Any other RuntimeError is a programming error."""

CONFIRM_SECONDS: Final = 5.0
"""Longest wait for one answer of the broker."""

HEARTBEAT_SECONDS = 15
"""The broker closes a connection that is silent for two of them, the client after three."""


async def connect(url: str, name: str) -> AbstractRobustConnection:
    """Open a connection that the broker lists as `name`.

    Raises one of BROKER_ERRORS. aio-pika itself also raises RuntimeError (by uvloop, for a socket that the broker
    closed) and StopAsyncIteration (when the broker hangs up during the handshake).
    """
    try:
        return await aio_pika.connect_robust(
            url,
            timeout=10,
            reconnect_interval=1,
            heartbeat=HEARTBEAT_SECONDS,
            client_properties={"connection_name": name},
        )
    except BROKER_ERRORS:
        raise
    except CONNECTION_EXCEPTIONS as error:
        raise AMQPConnectionError(str(error)) from error


async def open_channel(
    connection: AbstractRobustConnection, *, on_return_raises: bool = False
) -> AbstractRobustChannel:
    """Open a channel. Raises one of BROKER_ERRORS; aio-pika raises a plain RuntimeError on a lost connection."""
    try:
        return await connection.channel(on_return_raises=on_return_raises)
    except RuntimeError as error:
        if isinstance(error, ChannelInvalidStateError) or _is_open(connection):
            raise
        raise AMQPConnectionError(str(error)) from error


def _is_open(connection: AbstractRobustConnection) -> bool:
    return connection.transport is not None and not connection.transport.connection.is_closed
