"""A cheaper way to receive messages than aio-pika's, for queues with thousands of messages per second.

A goal of `make bench` needs it: status folds events at no less than half the rate of bare upserts. It reaches 0.60, at
240 µs per event. aio-pika's own delivery adds about 45 µs: `IncomingMessage` checks for a lock at each of twenty
assignments (25 µs), and each message gets a second asyncio task (20 µs). By this estimate about 0.51 would be left.

No public option avoids either cost, so this module overrides `IncomingMessage.__setattr__` and replaces the callback in
aiormq's `Channel.consumers`. pyproject.toml caps the versions of both libraries, and
`tests/unit/shared/broker/test_incoming.py` fails when they change what this module relies on.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aio_pika import IncomingMessage
from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import DeliveredMessage

from shared.broker.delivery import is_connection_lost

Handler = Callable[[AbstractIncomingMessage], Awaitable[None]]


class UnlockedMessage(IncomingMessage):
    """A message without aio-pika's check for a lock at each assignment."""

    __slots__ = ()
    __setattr__ = object.__setattr__  # type: ignore[assignment] # accepts any name and value


def deliver_directly(message: AbstractIncomingMessage, handler: Handler) -> None:
    """Deliver the messages that follow `message` directly to `handler`, until the channel closes.

    With an aiormq that keeps its consumers elsewhere this does nothing, and aio-pika goes on delivering them.
    """
    if not is_connection_lost(message):
        consumers: dict[str | None, Any] = getattr(message.channel, "consumers", {})
        if message.consumer_tag in consumers:  # it may have been cancelled meanwhile
            consumers[message.consumer_tag] = partial(_handle, handler)


async def _handle(handler: Handler, delivered: DeliveredMessage) -> None:
    await handler(UnlockedMessage(delivered))
