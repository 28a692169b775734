"""How often a message was handed out, counted over all of its copies."""

from dataclasses import dataclass
from typing import Final, Self

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelInvalidStateError

from shared.telemetry import tracing

EARLIER: Final = "x-earlier-attempts"
SPARED: Final = "x-spared-attempts"


@dataclass(frozen=True)
class Delivery:
    """Which attempt at a message this is. `spared` of them do not count: their workers handed it back unharmed."""

    attempt: int
    spared: int

    @classmethod
    def of(cls, message: AbstractIncomingMessage) -> Self:
        """RabbitMQ 4.3 and later count the deliveries of a message in `x-acquired-count`, earlier ones in
        `x-delivery-count`; copies of it go on from there.
        """
        headers = message.headers
        here = headers.get("x-acquired-count", headers.get("x-delivery-count", 0))
        return cls(1 + _integer(here) + _integer(headers.get(EARLIER)), _integer(headers.get(SPARED)))

    @property
    def spent(self) -> int:
        """Attempts that count toward the limit, this one included."""
        return self.attempt - self.spared


def again(message: AbstractIncomingMessage, *, spare: bool) -> aio_pika.Message:
    """A copy to be delivered next, in the same trace; `spare` has the present attempt not count."""
    delivery = Delivery.of(message)
    context = {name: value for name, value in message.headers.items() if name in tracing.CONTEXT_HEADERS}
    return aio_pika.Message(
        message.body,
        headers={**context, EARLIER: delivery.attempt, SPARED: delivery.spared + spare},
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        correlation_id=message.correlation_id,
        message_id=message.message_id,
        type=message.type,
    )


def is_void(message: AbstractIncomingMessage) -> bool:
    """Whether its connection was lost: the broker has it again, hands it out by itself, and takes no answer to it."""
    try:
        return message.channel.is_closed
    except ChannelInvalidStateError:
        return True


def _integer(header: object) -> int:
    return int(str(header or 0))
