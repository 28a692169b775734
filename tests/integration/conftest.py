import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from services.status.database.store import Store
from shared.broker import topology
from shared.broker.bus import Bus
from shared.events import Event, decode
from shared.storage.objects import Storage


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topology, "RETRY_SECONDS", (0.05,))


@pytest.fixture
async def channel(amqp_url: str) -> AsyncIterator[AbstractChannel]:
    """A broker with our topology and empty queues."""
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        for queue in (await topology.declare(channel)).values():
            await queue.purge()  # much faster than to make them anew
        yield channel


@pytest.fixture
async def bus(amqp_url: str, channel: AbstractChannel) -> AsyncIterator[Bus]:
    async with Bus(amqp_url, "test") as bus:
        await bus.check()
        yield bus


@pytest.fixture
async def store(mongo_url: str) -> AsyncIterator[Store]:
    async with Store.connected(mongo_url, f"test-{uuid4().hex}") as store:
        await store.prepare()
        yield store
        await store._database.client.drop_database(store._database.name)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "storage"))


class Listener:
    """Reads a queue as its service would."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel

    async def body(self, queue: str, within: float = 20) -> bytes:
        """The next message, acknowledged."""
        source = await self._channel.get_queue(queue)
        async with asyncio.timeout(within), source.iterator() as messages:
            async for message in messages:
                await message.ack()
                return message.body
        raise AssertionError

    async def until(self, kind: type[Event], within: float = 20) -> list[Event]:
        """What status would hear, up to the first event of `kind`."""
        events: list[Event] = []
        source = await self._channel.get_queue(topology.STATUS_QUEUE)
        async with asyncio.timeout(within), source.iterator() as messages:
            async for message in messages:
                await message.ack()
                events.append(decode(message.body))
                if isinstance(events[-1], kind):
                    break
        return events


@pytest.fixture
def listener(channel: AbstractChannel) -> Listener:
    return Listener(channel)
