"""The broker as the services use it: publish an event, consume a queue, check that the broker is available."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Self
from uuid import uuid4

import aio_pika
import stamina
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractRobustChannel, AbstractRobustConnection

from shared.broker import topology
from shared.broker.connection import BROKER_ERRORS, CONFIRM_SECONDS, connect, open_channel
from shared.broker.delivery import REPUBLISHED_HEADER, SIGNATURE_HEADER, redelivery_copy
from shared.broker.subscription import Handler, Subscription, cancel
from shared.errors import TransientError
from shared.events import Event, JobSubmitted, encode
from shared.signing import Signer
from shared.tasks import Task
from shared.telemetry import tracing

BROKER_UNAVAILABLE = "broker_unavailable"


class Bus:
    """An async context manager that connects in the background, and retries until it succeeds."""

    def __init__(self, url: str, name: str, *, declares: bool = True, signer: Signer | None = None) -> None:
        """Operators see `name` in the broker's list of connections. `signer` signs submissions.

        A bus that `declares` creates the topology; otherwise it waits until what the service `name` uses exists.
        """
        self._url = url
        self._name = name
        self.signer = signer or Signer()
        self._prepare: topology.Prepare = topology.declare if declares else partial(topology.verify, service=name)
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

    async def publish(
        self, event: Event, ready: Iterable[Task] = (), *, republished: int = 0, within: float = 60
    ) -> None:
        """Return once the broker has stored the event in at least one queue.

        Retries for `within` seconds, so the event may be published twice, which folding tolerates. Then raises
        TransientError. `republished` counts how often a dead letter was published again.
        """
        body = encode(event)
        with tracing.publishing(event) as headers:
            if isinstance(event, JobSubmitted) and (signature := self.signer.sign(body)):
                headers[SIGNATURE_HEADER] = signature
            if republished:
                headers[REPUBLISHED_HEADER] = republished
            message = aio_pika.Message(
                body,
                headers=headers,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                correlation_id=event.job_id,
                message_id=str(uuid4()),
                type=event.type,
            )
            await self._send(message, topology.EXCHANGE, topology.routing_key(event, ready), within)

    async def redeliver(
        self,
        message: AbstractIncomingMessage,
        queue: str,
        *,
        after: float = 0,
        uncounted: bool = False,
        not_begun: bool = False,
        within: float = 60,
    ) -> None:
        """Send a copy of a message to `queue`, to be delivered `after` seconds (one of `topology.RETRY_SECONDS`, or 0).

        The caller then acknowledges the message itself. With `uncounted` the current attempt does not count toward the
        delivery limit; that needs a copy, as brokers before 4.3 count every returned message. An attempt that is
        `not_begun` does not count either, and keeps its number. Raises TransientError.
        """
        copy = redelivery_copy(message, uncounted=uncounted, not_begun=not_begun)
        await self._send(copy, topology.return_exchange(after), queue, within)

    async def backlog(self, queue: str) -> int:
        """Return the number of messages in a queue that no consumer has received. Raises TransientError."""
        with _broker_errors():
            async with asyncio.timeout(CONFIRM_SECONDS), await self._new_channel() as channel:
                queues = await self._prepare(channel)  # on a new channel: a channel restores all that it ever declared
        return queues[queue].declaration_result.message_count or 0

    async def check(self) -> None:
        """Raise TransientError unless the broker confirms a publish now; an open port alone proves nothing."""
        with _broker_errors():
            channel = await self._channel()
            probe = await channel.get_exchange(topology.PROBE, ensure=False)
            await probe.publish(aio_pika.Message(b""), "", mandatory=False, timeout=CONFIRM_SECONDS)

    def consuming(self, queue: str, handler: Handler, prefetch: int) -> AbstractAsyncContextManager[Subscription]:
        """Call `handler`, which settles the message, for each message until the block is left; `prefetch` at a time."""
        return Subscription(self._new_channel, self._prepare, queue, handler, prefetch).consuming()

    @asynccontextmanager
    async def listening(self, kind: str, handler: Handler) -> AsyncIterator[None]:
        """Call `handler` for each event of type `kind` that is published until the block is left.

        Every listener receives each event at most once, and does not settle it.
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
                    target = await channel.get_exchange(exchange, ensure=False)
                    await target.publish(message, key, mandatory=True, timeout=CONFIRM_SECONDS)

    async def _new_channel(self) -> AbstractChannel:
        await asyncio.shield(self._connecting)
        assert self._connection
        return await open_channel(self._connection)

    async def _connect(self) -> AbstractRobustChannel:
        async for attempt in stamina.retry_context(on=BROKER_ERRORS, attempts=None, timeout=None):
            with attempt:
                if self._connection:
                    await self._connection.close()
                self._connection = await connect(self._url, self._name)
                channel = await open_channel(self._connection, on_return_raises=True)
                await self._prepare(channel)
        return channel

    async def _channel(self) -> AbstractRobustChannel:
        return await asyncio.wait_for(asyncio.shield(self._connecting), CONFIRM_SECONDS)


@contextmanager
def _broker_errors() -> Iterator[None]:
    try:
        yield
    except BROKER_ERRORS as error:
        raise TransientError("The message broker is unavailable", str(error), code=BROKER_UNAVAILABLE) from error
