"""Many messages settled by few answers: an answer to each of them would cost more than to fold them."""

from collections.abc import Sequence
from contextlib import suppress

from aio_pika.abc import AbstractIncomingMessage

from shared.broker.connection import BROKER_ERRORS
from shared.broker.delivery import is_connection_lost


async def acknowledge(messages: Sequence[AbstractIncomingMessage]) -> None:
    """Acknowledges the last of each channel with all before it, which must be these, or be settled.

    What cannot be acknowledged comes again.
    """
    open_ = [message for message in messages if not is_connection_lost(message)]
    for last in {id(message.channel): message for message in open_}.values():
        with suppress(*BROKER_ERRORS):
            await last.ack(multiple=True)
    for message in open_:
        if not message.processed:
            message.delivery_tag = None  # type: ignore[misc] # there is nothing to send any more
            await message.ack()
