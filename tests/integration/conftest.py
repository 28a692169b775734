from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import aio_pika
import httpx2
import pytest
import stamina
from aio_pika.abc import AbstractChannel

from services.gateway.app import create_app as create_gateway
from services.gateway.settings import Settings as GatewaySettings
from services.gateway.status.client import status_session
from services.status.api import create_app as create_status
from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.settings import Settings as StatusSettings
from shared.broker import topology
from shared.broker.bus import Bus
from shared.errors import TransientError
from shared.storage.job_files import Storage
from shared.web.health import Health
from tests.system import Bench, Listener, Start, System, status_service


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topology, "RETRY_SECONDS", (0.05,))


@pytest.fixture
async def channel(amqp_url: str) -> AsyncIterator[AbstractChannel]:
    """Open a channel of a broker with our topology and empty queues."""
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        for queue in (await topology.declare(channel)).values():
            await queue.purge()  # much faster than deleting and declaring them
        yield channel


@pytest.fixture
async def bus(amqp_url: str, channel: AbstractChannel) -> AsyncIterator[Bus]:
    async with Bus(amqp_url, "test") as bus:
        async for attempt in stamina.retry_context(on=TransientError, attempts=None, timeout=60):
            with attempt:
                await bus.check()
        yield bus


@pytest.fixture(scope="session")
async def database(mongo_url: str) -> AsyncIterator[str]:
    """Name of a database with the indexes of the store, which take half a second to make."""
    async with Store.connected(mongo_url, f"test-{uuid4().hex}") as store:
        await store.prepare()
        yield store._database.name
        await store._database.client.drop_database(store._database.name)


@pytest.fixture
async def store(mongo_url: str, database: str) -> AsyncIterator[Store]:
    """Connect to an empty database."""
    async with Store.connected(mongo_url, database) as store:
        yield store
        for name in await store._database.list_collection_names():
            await store._database[name].delete_many({})


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "storage"))


@pytest.fixture
def listener(channel: AbstractChannel) -> Listener:
    return Listener(channel)


@pytest.fixture
async def status_client(store: Store, storage: Storage) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_status(store, storage, Health(store.check), StatusSettings())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://status") as client:
        yield client


@pytest.fixture
async def start(bus: Bus, store: Store, storage: Storage, tmp_path: Path) -> AsyncIterator[Start]:
    """Return a function that starts a gateway with any settings, in front of one status service."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(status_service(store, storage))
        await stack.enter_async_context(Consumer(bus, store).consuming())

        async def start(**settings: object) -> System:
            own = GatewaySettings.model_validate({"status_url": url, **settings})
            status = await stack.enter_async_context(status_session(own))
            gateway = create_gateway(bus, storage, status, Health(), own)
            outside = httpx2.AsyncClient(transport=httpx2.ASGITransport(gateway), base_url="http://localhost")
            await stack.enter_async_context(outside)
            return System(outside, bus, storage, tmp_path / "storage")

        yield start


@pytest.fixture
async def system(start: Start) -> System:
    return await start()


@pytest.fixture
def bench(bus: Bus, storage: Storage, tmp_path: Path) -> Bench:
    return Bench(bus, storage, tmp_path / "storage")
