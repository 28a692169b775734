"""A record of all published events, for comparison with the database."""

import asyncio
from collections import defaultdict

import aio_pika

from services.status.database.store import Store
from shared.broker import topology
from shared.events import Event, decode
from shared.job import fold_all

QUEUE = "tap"


class Tap:
    """A queue that receives every event from now on."""

    def __init__(self, amqp_url: str, mongo_url: str) -> None:
        self._amqp_url = amqp_url
        self._mongo_url = mongo_url
        self.events: dict[str, list[Event]] = defaultdict(list)
        asyncio.run(self._drain())

    async def differences(self, job_ids: list[str]) -> list[str]:
        """Return the jobs whose documents differ from the fold of their events."""
        await self._drain()
        async with Store.connected(self._mongo_url, "karaoke") as store:
            return [job_id for job_id in job_ids if await store.get(job_id) != fold_all(self.events[job_id])]

    def heard(self, job_id: str) -> list[Event]:
        asyncio.run(self._drain())
        return self.events[job_id]

    def put(self, queue: str, body: bytes) -> None:
        """Publish a message directly to a queue."""

        async def publish() -> None:
            async with await aio_pika.connect(self._amqp_url) as connection:
                await (await connection.channel()).default_exchange.publish(aio_pika.Message(body), queue)

        asyncio.run(publish())

    async def _drain(self) -> None:
        async with await aio_pika.connect(self._amqp_url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
            await queue.bind(topology.EXCHANGE, "#")
            async with queue.iterator(no_ack=True) as messages:
                for _ in range(queue.declaration_result.message_count or 0):
                    event = decode((await anext(messages)).body)
                    self.events[event.job_id].append(event)
