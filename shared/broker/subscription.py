"""A consumer that survives the loss of its queue, its connection or the broker."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Self

import stamina
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from shared.broker import topology
from shared.broker.connection import BROKER_ERRORS, CONFIRM_SECONDS
from shared.broker.delivery import is_connection_lost

Handler = Callable[[AbstractIncomingMessage], Awaitable[None]]

log = structlog.get_logger()

IDLE_SECONDS = 30.0
"""Silence after which a queue is subscribed to again."""

SETTLED_SECONDS: Final = 0.5
"""Interval of checks for whether the last message has been settled."""


class Subscription:
    """Calls `handler`, which settles the message, for each message of `queue`; at most `prefetch` at a time."""

    def __init__(
        self,
        new_channel: Callable[[], Awaitable[AbstractChannel]],
        prepare: topology.Prepare,
        queue: str,
        handler: Handler,
        prefetch: int,
    ) -> None:
        self._new_channel = new_channel
        self._prepare = prepare
        self._queue = queue
        self._handler = handler
        self._prefetch = prefetch
        self._delivered = 0
        self._latest: deque[AbstractIncomingMessage] = deque(maxlen=prefetch)

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[Self]:
        """Wait until the broker is available, then consume until the block is left."""
        await self._subscribe()
        self._watching = asyncio.create_task(self._watch())
        try:
            yield self
        finally:
            await self.pause()

    async def pause(self) -> None:
        """Receive no more messages. Those that were received can still be settled."""
        self._watching.cancel()
        await asyncio.wait({self._watching})
        await cancel(self._source, self._tag)

    async def resume(self) -> None:
        """Consume again after `pause`."""
        await self._resubscribe()
        self._watching = asyncio.create_task(self._watch())

    async def _subscribe(self) -> None:
        async for attempt in stamina.retry_context(on=BROKER_ERRORS, attempts=None, timeout=None, wait_max=2):
            with attempt:
                channel = await self._new_channel()
                try:
                    await channel.set_qos(prefetch_count=self._prefetch)
                    # On this channel, which declares a deleted queue again.
                    source = (await self._prepare(channel))[self._queue]
                    self._source, self._tag = source, await source.consume(self._receive)
                except BROKER_ERRORS:
                    await _close(channel)  # there may be many attempts, but channels are limited
                    raise

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        self._delivered += 1
        self._latest.append(message)
        await self._handler(message)

    async def _watch(self) -> None:
        """Subscribe again whenever no message has arrived for a while.

        When a queue is deleted and created again at once, RabbitMQ 3.10 keeps a consumer that it neither cancels nor
        serves: it counts messages as delivered to it, but they never arrive. The client cannot detect that.
        """
        while True:
            before = self._delivered
            await asyncio.sleep(IDLE_SECONDS)
            if self._delivered == before and not self._has_unsettled():
                try:
                    await self._resubscribe()
                except Exception:  # what is left is just as silent, so the next round tries again
                    log.exception("resubscription failed", queue=self._queue)

    def _has_unsettled(self) -> bool:
        return any(not (message.processed or is_connection_lost(message)) for message in self._latest)

    async def _resubscribe(self) -> None:
        """Use a new channel: closing the old one makes the broker return the messages that it counts as delivered."""
        await cancel(self._source, self._tag)
        while self._has_unsettled():  # noqa: ASYNC110 -- the handler of a last-moment message sends no notification
            await asyncio.sleep(SETTLED_SECONDS)
        await _close(self._source.channel)
        await self._subscribe()


async def cancel(queue: AbstractQueue, tag: str) -> None:
    with suppress(*BROKER_ERRORS):
        async with asyncio.timeout(CONFIRM_SECONDS):  # it would wait for an unavailable broker
            await queue.cancel(tag)


async def _close(channel: AbstractChannel) -> None:
    with suppress(*BROKER_ERRORS):
        async with asyncio.timeout(CONFIRM_SECONDS):
            await channel.close()
