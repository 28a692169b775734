"""The broker as the services see it: publish an event for certain, consume a queue, ask whether it is there."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import Self
from uuid import uuid4

import aio_pika
import stamina
from aio_pika.abc import (
    AbstractChannel,
    AbstractIncomingMessage,
    AbstractRobustChannel,
    AbstractRobustConnection,
)

from shared.broker import topology
from shared.broker.delivery import again
from shared.broker.incoming import Handler
from shared.broker.subscription import BROKER_ERRORS, CONFIRM_SECONDS, Subscription, cancel
from shared.errors import TransientError
from shared.events import Event, Task, encode
from shared.telemetry import tracing

BROKER_AWAY = "broker_unavailable"

HEARTBEAT_SECONDS = 15
"""A connection in which nothing arrives is given up by the broker after two of them, by us after three."""


class Bus:
    """An async context manager. It connects in the background and for as long as it takes, again and again."""

    def __init__(self, url: str, name: str, *, declares: bool = True) -> None:
        """`name` is what operators see in the broker's list of connections.

        Unless it `declares` the topology, it waits until that is there.
        """
        self._url = url
        self._name = name
        self._prepare: topology.Prepare = topology.declare if declares else topology.find
        self._connection: AbstractRobustConnection | None = None
        self._connecting: asyncio.Task[AbstractRobustChannel]

    async def __aenter__(self) -> Self:
        self._connecting = asyncio.create_task(self._connect())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._connecting.cancel()
        with suppress(asyncio.CancelledError, *BROKER_ERRORS):
            await self._connecting
        if self._connection:
            await self._connection.close()

    async def publish(self, event: Event, ready: Iterable[Task] = (), *, within: float = 60) -> None:
        """Returns once the broker has the event, safely, in at least one queue.

        Tries again for `within` seconds (the event may so come twice, which folding does not mind),
        then raises TransientError.
        """
        with tracing.publishing(event) as headers:
            message = aio_pika.Message(
                encode(event),
                headers=headers,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                correlation_id=event.job_id,
                message_id=str(uuid4()),
                type=event.type,
            )
            await self._send(message, topology.EXCHANGE, topology.routing_key(event, ready), within)

    async def redeliver(
        self, message: AbstractIncomingMessage, queue: str, *, after: float = 0, spare: bool = False, within: float = 60
    ) -> None:
        """Sends a message to `queue` once more, `after` seconds from now (one of `topology.RETRY_SECONDS`, or 0).

        The message itself is still to be acknowledged. `spare` has its attempt not count; that takes a copy, as no
        broker before 4.3 takes a message back without counting. Raises TransientError.
        """
        await self._send(again(message, spare=spare), topology.waiting_room(after) if after else "", queue, within)

    async def backlog(self, queue: str) -> int:
        """How many messages wait in a queue, those with a consumer not counted. Raises TransientError."""
        with _broker_errors():
            async with asyncio.timeout(CONFIRM_SECONDS), await self._new_channel() as channel:
                queues = await self._prepare(channel)  # a channel keeps, and restores, all that it ever declared
        return queues[queue].declaration_result.message_count or 0

    async def check(self) -> None:
        """Raises TransientError unless the broker confirms a publish now; an open port alone proves nothing."""
        with _broker_errors():
            channel = await self._channel()
            probe = aio_pika.Message(b"", expiration=0)
            await channel.default_exchange.publish(probe, "nobody", mandatory=False, timeout=CONFIRM_SECONDS)

    def consuming(self, queue: str, handler: Handler, prefetch: int) -> AbstractAsyncContextManager[None]:
        """Calls `handler`, which settles, for each message, `prefetch` at a time at the most, until left."""
        return Subscription(self._new_channel, self._prepare, queue, handler, prefetch).consuming()

    @asynccontextmanager
    async def listening(self, kind: str, handler: Handler) -> AsyncIterator[None]:
        """Calls `handler` for each event of type `kind` that is published from now on, until left.

        Everyone who listens hears it, once at the most; nothing has to be settled.
        """
        async for attempt in stamina.retry_context(on=BROKER_ERRORS, attempts=None, timeout=None, wait_max=2):
            with attempt:
                channel = await self._new_channel()
                source = await channel.declare_queue(f"{self._name}.{uuid4()}", exclusive=True, auto_delete=True)
                await source.bind(topology.EXCHANGE, f"{kind}.#")
                tag = await source.consume(handler, no_ack=True)
        try:
            yield
        finally:
            await cancel(source, tag)

    async def _send(self, message: aio_pika.Message, exchange: str, key: str, within: float) -> None:
        with _broker_errors():
            async for attempt in stamina.retry_context(on=BROKER_ERRORS, attempts=None, timeout=within, wait_max=2):
                with attempt:
                    channel = await self._channel()
                    target = (
                        await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
                    )
                    await target.publish(message, key, mandatory=True, timeout=CONFIRM_SECONDS)

    async def _new_channel(self) -> AbstractChannel:
        await asyncio.shield(self._connecting)
        assert self._connection
        return await self._connection.channel()

    async def _connect(self) -> AbstractRobustChannel:
        async for attempt in stamina.retry_context(on=BROKER_ERRORS, attempts=None, timeout=None):
            with attempt:
                if self._connection:
                    await self._connection.close()
                self._connection = await aio_pika.connect_robust(
                    self._url,
                    timeout=10,
                    reconnect_interval=1,
                    heartbeat=HEARTBEAT_SECONDS,
                    client_properties={"connection_name": self._name},
                )
                channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                await self._prepare(channel)
        assert isinstance(channel, AbstractRobustChannel)
        return channel

    async def _channel(self) -> AbstractRobustChannel:
        return await asyncio.wait_for(asyncio.shield(self._connecting), CONFIRM_SECONDS)


@contextmanager
def _broker_errors() -> Iterator[None]:
    try:
        yield
    except BROKER_ERRORS as error:
        raise TransientError("The message broker is away", str(error), code=BROKER_AWAY) from error
