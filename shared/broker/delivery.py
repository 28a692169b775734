"""The number of times a message was delivered, counted over all of its copies."""

from dataclasses import dataclass
from typing import Final, Self

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelInvalidStateError

from shared.telemetry import tracing

# Messages in the queues of a running system have these headers: do not rename them.
EARLIER_HEADER: Final = "x-earlier-attempts"
UNCOUNTED_HEADER: Final = "x-spared-attempts"
REPUBLISHED_HEADER: Final = "x-republished"
SIGNATURE_HEADER: Final = "x-signature"

MOST: Final = 1_000_000


@dataclass(frozen=True)
class Delivery:
    """The number of the current attempt, 1 for the first.

    `earlier` attempts were made at earlier copies. `uncounted` attempts were returned without a failure.
    """

    attempt: int
    uncounted: int
    earlier: int = 0

    @classmethod
    def of(cls, message: AbstractIncomingMessage) -> Self:
        """Read the broker's count and the counts of earlier copies.

        RabbitMQ counts the deliveries of a message in `x-acquired-count` from 4.3, in `x-delivery-count` before.
        """
        headers = message.headers
        count = headers.get("x-acquired-count", headers.get("x-delivery-count", 0))
        earlier = count_in(headers.get(EARLIER_HEADER))
        return cls(1 + count_in(count) + earlier, count_in(headers.get(UNCOUNTED_HEADER)), earlier)

    @property
    def counted(self) -> int:
        """Attempts that count toward the limit, the current one included."""
        return max(1, self.attempt - self.uncounted)


def redelivery_copy(
    message: AbstractIncomingMessage, *, uncounted: bool = False, not_begun: bool = False
) -> aio_pika.Message:
    """Return a copy for the next attempt, in the same trace.

    With `uncounted` the current attempt does not count. One that is `not_begun` has published nothing: it does not
    count either, and the next delivery has the same number.
    """
    delivery = Delivery.of(message)
    context = {name: value for name, value in message.headers.items() if name in tracing.CONTEXT_HEADERS}
    return aio_pika.Message(
        message.body,
        headers={
            **context,
            EARLIER_HEADER: delivery.attempt - not_begun,
            UNCOUNTED_HEADER: delivery.uncounted + uncounted,
        },
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        correlation_id=message.correlation_id,
        message_id=message.message_id,
        type=message.type,
    )


def is_connection_lost(message: AbstractIncomingMessage) -> bool:
    """Return whether the message can no longer be settled. The broker then redelivers it by itself."""
    try:
        return message.channel.is_closed
    except ChannelInvalidStateError:
        return True


def count_in(header: object) -> int:
    """Return the number of attempts in a header, whatever a foreign program has written into it."""
    return min(max(0, header), MOST) if isinstance(header, int) else 0
