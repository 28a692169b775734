import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
from pymongo import MongoClient

from deploy.local.backing import backing
from deploy.local.ports import listening
from tests.processes import processes_of


async def publish(url: str, body: bytes) -> None:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(body, delivery_mode=2), queue.name)


async def receive(url: str) -> bytes:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        message = await (await channel.get_queue("kept")).get(timeout=10)
        await message.ack()
        return message.body


def test_broker_and_database_keep_their_data_and_leave_no_process(tmp_path: Path) -> None:
    with backing(tmp_path, env={}) as first, MongoClient[dict[str, Any]](first["MONGO_URL"]) as client:
        asyncio.run(publish(first["AMQP_URL"], b"a song"))
        client.test.songs.insert_one({"_id": "a song"})
        assert processes_of(tmp_path)
    assert not any(listening(urlsplit(url).port or 0) for url in first.values())
    assert processes_of(tmp_path) == []

    with backing(tmp_path, env={}) as second, MongoClient[dict[str, Any]](second["MONGO_URL"]) as client:
        assert asyncio.run(receive(second["AMQP_URL"])) == b"a song"
        assert client.test.songs.find_one() == {"_id": "a song"}
    assert processes_of(tmp_path) == []


def test_servers_from_the_environment_are_used(tmp_path: Path) -> None:
    urls = {"AMQP_URL": "amqp://elsewhere", "MONGO_URL": "mongodb://elsewhere"}
    with backing(tmp_path, env=urls) as used:
        assert used == urls
    assert list(tmp_path.iterdir()) == []
