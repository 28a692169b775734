"""A queue that stays consumed, whatever becomes of the queue, the connection or the broker."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import stamina
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from shared.broker import topology
from shared.broker.delivery import is_void
from shared.broker.incoming import Handler, shorten

log = structlog.get_logger()

BROKER_ERRORS: Final = (AMQPError, ChannelInvalidStateError, ConnectionError, TimeoutError, RuntimeError)
"""What is raised while a broker is away or comes back; aiormq raises RuntimeError on a connection that closes."""

CONFIRM_SECONDS: Final = 5.0
IDLE_SECONDS = 30.0
"""After so much silence a queue is subscribed to anew."""
SETTLED_SECONDS: Final = 0.5
"""Between two looks whether the last message has been settled."""


class Subscription:
    """Calls `handler`, which settles, for each message of `queue`, `prefetch` at a time at the most."""

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
    async def consuming(self) -> AsyncIterator[None]:
        """From when the broker is there, until left."""
        await self._begin()
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait({watching})
            await cancel(self._source, self._tag)

    async def _begin(self) -> None:
        async for attempt in stamina.retry_context(on=BROKER_ERRORS, attempts=None, timeout=None, wait_max=2):
            with attempt:
                channel = await self._new_channel()
                try:
                    await channel.set_qos(prefetch_count=self._prefetch)
                    # On this channel, which makes the queue anew when it was deleted.
                    source = (await self._prepare(channel))[self._queue]
                    self._source, self._tag = source, await source.consume(self._take_first)
                except BROKER_ERRORS:
                    await _close(channel)  # attempts may be many, channels are few
                    raise

    async def _take_first(self, message: AbstractIncomingMessage) -> None:
        """Of each connection."""
        shorten(message, self._take)
        await self._take(message)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        self._delivered += 1
        self._latest.append(message)
        await self._handler(message)

    async def _watch(self) -> None:
        """Subscribes anew whenever nothing has come for a while.

        A queue that is deleted and made again at once leaves RabbitMQ 3.10 with a consumer that it neither cancels nor
        serves: messages are counted as handed out to it, and never arrive. Nothing of that can be seen from here.
        """
        while True:
            before = self._delivered
            await asyncio.sleep(IDLE_SECONDS)
            if self._delivered == before and not self._at_work():
                try:
                    await self._renew()
                except Exception:  # what is left by it is as silent, and is made anew next time
                    log.exception("not subscribed anew", queue=self._queue)

    def _at_work(self) -> bool:
        return any(not (message.processed or is_void(message)) for message in self._latest)

    async def _renew(self) -> None:
        """On a new channel: with the old one goes what the broker believes of it, and its messages are free again."""
        await cancel(self._source, self._tag)
        while self._at_work():  # noqa: ASYNC110 -- what came at the last moment is settled by nobody who would tell
            await asyncio.sleep(SETTLED_SECONDS)
        await _close(self._source.channel)
        await self._begin()


async def cancel(queue: AbstractQueue, tag: str) -> None:
    with suppress(*BROKER_ERRORS):
        async with asyncio.timeout(CONFIRM_SECONDS):  # it would wait for a broker that is away
            await queue.cancel(tag)


async def _close(channel: AbstractChannel) -> None:
    with suppress(*BROKER_ERRORS):
        async with asyncio.timeout(CONFIRM_SECONDS):
            await channel.close()
