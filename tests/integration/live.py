"""A gateway and a status service that listen on real ports, as streams need, on a real broker and database."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2

from services.gateway.app import create_app as create_gateway
from services.gateway.settings import Settings as GatewaySettings
from services.gateway.status.client import status_session
from services.status.api import create_app as create_status
from services.status.database.store import Store
from services.status.settings import Settings as StatusSettings
from shared.broker.bus import Bus
from shared.storage.job_files import Storage
from shared.web.health import Health
from shared.web.server import serving
from shared.web.streams import stop_streams_on_exit
from tests.system import listen


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    name: str
    id: str
    document: dict[str, Any]

    @classmethod
    def parse(cls, block: str) -> Self:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        return cls(fields["event"], fields["id"], json.loads(fields["data"]))


@dataclass
class Feed:
    """Events as a client receives them; `comments` counts keepalives."""

    answer: httpx2.Response
    comments: int = 0
    _blocks: AsyncIterator[Event] = field(init=False)

    def __post_init__(self) -> None:
        self._blocks = self._events()

    async def next(self, within: float = 30) -> Event:
        async with asyncio.timeout(within):
            return await anext(self._blocks)

    async def until(self, status: str) -> Event:
        while (event := await self.next()).document["status"] != status:
            pass
        return event

    async def ends(self, within: float = 30) -> bool:
        """Return whether the stream ends without another event."""
        async with asyncio.timeout(within):
            return await anext(self._blocks, None) is None

    async def _events(self) -> AsyncIterator[Event]:
        text = ""
        async for chunk in self.answer.aiter_text():
            *blocks, text = (text + chunk).split("\n\n")
            for block in blocks:
                if block.startswith(":"):
                    self.comments += 1
                else:
                    yield Event.parse(block)


class Live:
    """`stop_gateway` and `stop_status` stop a service, like SIGTERM."""

    def __init__(self, client: httpx2.AsyncClient, stop_gateway: asyncio.Event, stop_status: asyncio.Event) -> None:
        self.client = client
        self.stop_gateway = stop_gateway
        self.stop_status = stop_status

    @asynccontextmanager
    async def follow(self, job_id: str, last_id: str | None = None) -> AsyncIterator[Feed]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        async with self.client.stream("GET", f"/api/status/{job_id}/events", headers=headers) as answer:
            yield Feed(answer)


@asynccontextmanager
async def live(bus: Bus, store: Store, storage: Storage, **settings: object) -> AsyncIterator[Live]:
    (gateway_listener, gateway_url), (status_listener, status_url) = listen(), listen()
    status_settings = StatusSettings(grace_seconds=5)
    gateway_settings = GatewaySettings.model_validate({"grace_seconds": 5, "status_url": status_url, **settings})
    stop_gateway, stop_status = asyncio.Event(), asyncio.Event()
    async with AsyncExitStack() as stack:
        status = create_status(store, storage, Health(), status_settings, stop_status)
        await stack.enter_async_context(serving(status, status_settings, status_listener))
        session = await stack.enter_async_context(status_session(gateway_settings))
        gateway = create_gateway(bus, storage, session, Health(), gateway_settings, stopping=stop_gateway)
        await stack.enter_async_context(serving(gateway, gateway_settings, gateway_listener))
        for stopping in (stop_status, stop_gateway):
            stack.enter_context(stop_streams_on_exit(stopping))
        outside = httpx2.AsyncClient(base_url=gateway_url, timeout=20)
        client = await stack.enter_async_context(outside)
        yield Live(client, stop_gateway, stop_status)
