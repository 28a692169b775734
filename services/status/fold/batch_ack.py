"""Acknowledges a batch with one frame per channel, because a frame per message would cost more than the fold."""

from collections.abc import Sequence
from contextlib import suppress

from aio_pika.abc import AbstractIncomingMessage

from shared.broker.connection import BROKER_ERRORS
from shared.broker.delivery import is_connection_lost


async def batch_ack(messages: Sequence[AbstractIncomingMessage]) -> None:
    """Acknowledge the last message of each channel, and with it all earlier ones of that channel.

    Every earlier message must be in `messages` or settled already. A message that cannot be acknowledged is delivered
    again.
    """
    live = [message for message in messages if not is_connection_lost(message)]
    for last in {id(message.channel): message for message in live}.values():
        with suppress(*BROKER_ERRORS):
            await last.ack(multiple=True)
    for message in live:
        if not message.processed:
            message.delivery_tag = None  # type: ignore[misc] # marks it as settled without sending another frame
            await message.ack()
