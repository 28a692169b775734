"""Parts of the running system inside the test process, on a real broker and database; only the models are fake."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_server, socket
from typing import Any

import httpx2
from aio_pika.abc import AbstractChannel

from deploy.local.ports import LOOPBACK
from services.gateway.app import create_app
from services.gateway.security.auth import digest
from services.gateway.settings import Settings as GatewaySettings
from services.gateway.status.client import status_session
from services.status.api import create_app as create_status
from services.status.database.store import Store
from services.status.settings import Settings as StatusSettings
from shared.broker.bus import BROKER_UNAVAILABLE, Bus
from shared.broker.topology import STATUS_QUEUE
from shared.events import Event, JobSubmitted, decode
from shared.job import ready
from shared.settings import Settings
from shared.storage.job_files import SONG, Storage
from shared.tasks import Input, Task
from shared.web.health import Health, State
from shared.web.server import serving
from shared.worker.compute import Compute
from shared.worker.task_runner import TaskRunner
from shared.worker.worker import Worker
from tests.audio import tone
from tests.fakes import JOB_ID, RESULTS, completed, submitted

NOWHERE = "http://127.0.0.1:1"
"""URL of a server that is not there."""
ENGINES = "tests.integration.engines"
WANTS: tuple[Input, ...] = ("lyrics", "drums")
WEB, PHONE = "the page's own key", "the app's own key"
KEYS: dict[str, object] = {
    "api_keys": {"web": digest(WEB), "phone": digest(PHONE)},
    "link_secret": "a secret of thirty-two characters",
}
"""Gateway settings with two API keys."""

BEATS = Task.BEAT_ANALYSIS


async def until(read: Callable[[], Awaitable[Any]], wanted: Any, within: float = 30) -> None:
    """Poll `read` until it returns `wanted`. Raises `TimeoutError` after `within` seconds."""
    async with asyncio.timeout(within):
        while await read() != wanted:  # noqa: ASYNC110 -- nothing signals the change
            await asyncio.sleep(0.02)


def listen() -> tuple[socket, str]:
    """Return a socket that queues connections until a server accepts them, and its URL."""
    listener = create_server((LOOPBACK, 0))
    return listener, f"http://{LOOPBACK}:{listener.getsockname()[1]}"


def recent(submission: JobSubmitted, hours: float = 0) -> JobSubmitted:
    """Return the submission with a time `hours` before now."""
    return JobSubmitted.model_validate(dict(submission) | {"at": datetime.now(UTC) - timedelta(hours=hours)})


class Listener:
    """Reads a queue as its service would."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel

    async def body(self, queue: str, within: float = 40) -> bytes:
        """Return the body of the next message, and acknowledge it."""
        source = await self._channel.get_queue(queue)
        async with asyncio.timeout(within), source.iterator() as messages:
            async for message in messages:
                await message.ack()
                return message.body
        raise AssertionError

    async def until(self, kind: type[Event], within: float = 40) -> list[Event]:
        """Return the events that status would receive, up to and including the first of `kind`."""
        events: list[Event] = []
        source = await self._channel.get_queue(STATUS_QUEUE)
        async with asyncio.timeout(within), source.iterator() as messages:
            async for message in messages:
                await message.ack()
                events.append(decode(message.body))
                if isinstance(events[-1], kind):
                    break
        return events


@asynccontextmanager
async def gateway(bus: Bus, storage: Storage, **settings: object) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client of a gateway that is ready and has no status service."""
    health = Health(reported={BROKER_UNAVAILABLE: bus.check})
    health.state = State.READY
    own = GatewaySettings.model_validate({"max_seconds": 20, "status_url": NOWHERE, **settings})
    async with status_session(own) as status:
        app = create_app(bus, storage, status, health, own)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
            yield client


@asynccontextmanager
async def status_service(store: Store, storage: Storage, **settings: object) -> AsyncIterator[str]:
    """Run the status service on a real port, and yield its URL."""
    listener, url = listen()
    own = StatusSettings.model_validate({"grace_seconds": 5, **settings})
    async with serving(create_status(store, storage, Health(), own), own, listener):
        yield url


async def submit(client: httpx2.AsyncClient, content: bytes, name: str = "song.wav", **options: str) -> httpx2.Response:
    return await client.post("/api/process", files={"file": (name, content)}, data=options)


@asynccontextmanager
async def worker(
    task: Task,
    engine: str,
    bus: Bus,
    storage: Storage,
    root: Path,
    wants: tuple[Input, ...] = WANTS,
    aligner: str = "move_lines",
    **settings: object,
) -> AsyncIterator[Worker]:
    """Run a worker with an engine of `tests.integration.engines` in a real child process."""
    own = Settings.model_validate({"storage_url": str(root), **settings})
    with Compute("test", own) as compute:
        names = f"{ENGINES}:{engine}", f"{ENGINES}:{aligner}"
        worker = Worker(TaskRunner(task, names[0], wants, own, bus, storage, compute, names[1]), Health())
        async with worker.consuming():
            yield worker


class Bench:
    """A song to analyse, and workers for it; `root` is the directory of the storage."""

    def __init__(self, bus: Bus, storage: Storage, root: Path) -> None:
        self.bus = bus
        self.storage = storage
        self.root = root

    async def submit(self) -> None:
        song = submitted(BEATS)
        await self.storage.put(f"{JOB_ID}/{SONG}", b"a song")
        await self.storage.put_manifest(song)
        await self.bus.publish(song, ready(song, song))

    @asynccontextmanager
    async def worker(self, engine: str, **settings: object) -> AsyncIterator[Worker]:
        async with worker(BEATS, engine, self.bus, self.storage, self.root, WANTS, "", **settings) as running:
            yield running


class System:
    """A gateway and a status service; `root` is the directory of the storage."""

    def __init__(self, client: httpx2.AsyncClient, bus: Bus, storage: Storage, root: Path) -> None:
        self.client = client
        self.bus = bus
        self.storage = storage
        self.root = root

    def with_key(self, key: str) -> "System":
        """Return the same system with an API key in every request."""
        client = httpx2.AsyncClient(
            transport=self.client._transport, base_url=self.client.base_url, headers={"X-API-Key": key}
        )
        return System(client, self.bus, self.storage, self.root)

    def from_address(self, address: str) -> "System":
        """Return the same system, called from another address."""
        app = self.client._transport.app  # type: ignore[attr-defined] # it is an ASGITransport
        transport = httpx2.ASGITransport(app, client=(address, 1))
        client = httpx2.AsyncClient(transport=transport, base_url=self.client.base_url)
        return System(client, self.bus, self.storage, self.root)

    async def submit(self, key: str | None = None) -> str:
        """Submit a song for its beats and return the job's id; `key` is an idempotency key."""
        headers = {"Idempotency-Key": key} if key else {}
        files = {"file": ("song.wav", tone(2))}
        answer = await self.client.post("/api/process", files=files, data={"tasks": BEATS}, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    async def upload(self, **options: str) -> httpx2.Response:
        return await submit(self.client, tone(2), **options)

    async def document(self, job_id: str) -> dict[str, Any]:
        document: dict[str, Any] = (await self.client.get(f"/api/status/{job_id}")).json()
        return document

    async def status(self, job_id: str) -> str:
        return str((await self.document(job_id)).get("status"))

    @asynccontextmanager
    async def worker(self, engine: str, task: Task = BEATS) -> AsyncIterator[Worker]:
        async with worker(task, engine, self.bus, self.storage, self.root) as running:
            yield running

    async def finished(self) -> dict[str, Any]:
        """Submit a job, publish a result and files for every task, and return the completed document."""
        job_id = await self.submit()
        for task in Task:
            done = completed(task).model_copy(update={"job_id": job_id, "at": datetime.now(UTC)})
            await self.bus.publish(done)
            for field in RESULTS[task].model_fields_set - {"kind", "model"}:
                if "." in str(name := getattr(RESULTS[task], field)):
                    await self.storage.put(f"{job_id}/{name}", f"{job_id}'s {field}".encode())
        await until(lambda: self.status(job_id), "completed")
        return await self.document(job_id)


def reason(answer: httpx2.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


Start = Callable[..., Awaitable[System]]
"""Starts a system whose gateway has the given settings."""
