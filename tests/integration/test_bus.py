"""The guarantees of the bus, on a broker that is killed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage

from deploy.local.broker import Broker
from shared.broker import subscription, topology
from shared.broker.bus import Bus
from shared.broker.topology import STATUS_QUEUE
from shared.errors import TransientError
from shared.events import Event, decode
from shared.tasks import Task
from tests.fakes import progressed, submitted


@pytest.fixture
def broker(tmp_path: Path, amqp_url: str) -> Iterator[Broker]:
    """Start a broker that the test may kill; `amqp_url` skips the test on a machine without brokers."""
    broker = Broker(tmp_path / "broker")
    broker.start()
    broker.wait()
    yield broker
    broker.end()


async def test_publishing_and_consuming_survive_a_broker_restart(broker: Broker) -> None:
    received: asyncio.Queue[Event] = asyncio.Queue()

    async def take(message: AbstractIncomingMessage) -> None:
        await message.ack()
        await received.put(decode(message.body))

    async with Bus(broker.url, "test") as bus, bus.consuming(STATUS_QUEUE, take, prefetch=10):
        await bus.publish(submitted())
        assert await asyncio.wait_for(received.get(), 10) == submitted()
        broker._server.kill()
        with pytest.raises(TransientError):
            await bus.check()
        waiting = asyncio.create_task(bus.publish(progressed(Task.BEAT_ANALYSIS, 50), within=60))
        await asyncio.to_thread(broker._server.start)
        await asyncio.to_thread(broker.wait)
        await waiting
        async with asyncio.timeout(60):
            while await received.get() != progressed(Task.BEAT_ANALYSIS, 50):
                pass
        await bus.check()


async def test_publishing_while_the_broker_is_unavailable_fails_in_time(broker: Broker) -> None:
    async with Bus(broker.url, "test") as bus:
        await bus.publish(submitted())
        await asyncio.to_thread(broker.end)
        async with asyncio.timeout(15):
            with pytest.raises(TransientError, match="The message broker is unavailable"):
                await bus.publish(submitted(), within=2)


async def test_a_queue_that_is_deleted_and_declared_again_is_still_consumed(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "IDLE_SECONDS", 0.2)
    received: asyncio.Queue[Event] = asyncio.Queue()

    async def take(message: AbstractIncomingMessage) -> None:
        await message.ack()
        await received.put(decode(message.body))

    async with Bus(broker.url, "test") as bus, await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        async with bus.consuming(STATUS_QUEUE, take, prefetch=1):
            for percent in range(5):
                await channel.queue_delete(STATUS_QUEUE)
                await topology.declare(channel)
                event = progressed(Task.BEAT_ANALYSIS, percent)
                await bus.publish(event)
                assert await asyncio.wait_for(received.get(), 10) == event
