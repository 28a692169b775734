"""A poll that the gateway passes on at once is answered as the application would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import httpx
import pytest

from deploy.local.ports import LOOPBACK, free_ports
from services.gateway.app import create_app as create_gateway
from services.gateway.settings import Settings as GatewaySettings
from services.status.api import create_app as create_status
from services.status.database.store import Store
from services.status.settings import Settings as StatusSettings
from shared.broker.bus import Bus
from shared.events import Task
from shared.storage.job_files import Storage
from shared.web.health import Health
from shared.web.server import serving
from tests.fakes import JOB_ID, submitted
from tests.system import KEYS, PHONE, WEB, recent

SONG = recent(submitted(Task.BEAT_ANALYSIS)).model_copy(update={"owner": "web"})
NOBODY = httpx.AsyncClient(base_url="http://127.0.0.1:1")
SETTINGS = GatewaySettings.model_validate({**KEYS, "cors_origins": ["https://front.example"]})
URL = f"/api/status/{JOB_ID}"

Gateways = tuple[httpx.AsyncClient, httpx.AsyncClient]


@pytest.fixture
def asked() -> list[httpx.Request]:
    """What the application has asked the status service."""
    return []


@pytest.fixture
async def gateways(bus: Bus, store: Store, storage: Storage, asked: list[httpx.Request]) -> AsyncIterator[Gateways]:
    """One that passes polls on at once, and one that has its application do it."""

    async def note(request: httpx.Request) -> None:
        asked.append(request)

    (port,) = free_ports(1)
    settings = StatusSettings(port=port, grace_seconds=5)
    url = f"http://{LOOPBACK}:{port}"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(create_status(store, storage, Health(), settings), settings))
        polls = await stack.enter_async_context(aiohttp.ClientSession(f"{url}/"))
        status = httpx.AsyncClient(base_url=url, event_hooks={"request": [note]})
        await stack.enter_async_context(status)
        yield (
            await stack.enter_async_context(client(bus, storage, status, polls)),
            await stack.enter_async_context(client(bus, storage, status)),
        )


def client(
    bus: Bus, storage: Storage, status: httpx.AsyncClient, polls: aiohttp.ClientSession | None = None
) -> httpx.AsyncClient:
    app = create_gateway(bus, storage, status, Health(), SETTINGS, polls=polls)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


@pytest.mark.parametrize(
    ("condition", "code"), [(None, 200), ("as it is", 304), ("*", 304), ('"another"', 200), ('"ungewöhnlich"', 200)]
)
async def test_a_document_is_answered_alike(
    gateways: Gateways, asked: list[httpx.Request], store: Store, condition: str | None, code: int
) -> None:
    await store.fold([SONG])
    fast, slow = gateways
    headers = {"Authorization": f"Bearer {WEB}", "Origin": "https://front.example"}
    etag = (await slow.get(URL, headers=headers)).headers["etag"]
    asked.clear()
    if condition:
        headers["If-None-Match"] = etag if condition == "as it is" else condition
    answer = await fast.get(URL, headers=httpx.Headers(headers, encoding="utf-8"))
    assert asked == []
    same = await slow.get(URL, headers=httpx.Headers(headers, encoding="utf-8"))
    assert (answer.status_code, answer.content, answer.headers) == (code, same.content, same.headers)
    assert answer.headers["access-control-allow-origin"] == "https://front.example"
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "unauthorized"),
        ({"X-API-Key": PHONE, "X-Owner": "web"}, "job_not_found"),
        ({"Authorization": f"Basic {WEB}"}, "unauthorized"),
    ],
)
async def test_who_may_not_see_a_job_does_not(
    gateways: Gateways, store: Store, headers: dict[str, str], code: str
) -> None:
    await store.fold([SONG])
    for gateway in gateways:
        answer = await gateway.get(URL, headers=headers)
        assert (answer.json()["code"], "etag" in answer.headers) == (code, False)


async def test_while_the_status_service_is_away_that_is_said(bus: Bus, storage: Storage) -> None:
    async with (
        aiohttp.ClientSession("http://127.0.0.1:1/") as polls,
        client(bus, storage, NOBODY, polls) as gateway,
    ):
        answer = await gateway.get(URL, headers={"X-API-Key": WEB})
    assert (answer.status_code, answer.json()["code"]) == (503, "status_unavailable")
    assert answer.headers["retry-after"] == "5"


async def test_a_status_service_that_says_nothing_is_not_waited_for_twice(bus: Bus, storage: Storage) -> None:
    connections = []
    async with AsyncExitStack() as stack:
        mute = await asyncio.start_server(lambda _, writer: connections.append(writer), LOOPBACK, 0)
        await stack.enter_async_context(mute)
        url = f"http://{LOOPBACK}:{mute.sockets[0].getsockname()[1]}"
        patience = aiohttp.ClientTimeout(0.2)
        polls = await stack.enter_async_context(aiohttp.ClientSession(f"{url}/", timeout=patience))
        status = await stack.enter_async_context(httpx.AsyncClient(base_url=url))
        gateway = await stack.enter_async_context(client(bus, storage, status, polls))
        answer = await gateway.get(URL, headers={"X-API-Key": WEB})
        assert (answer.status_code, len(connections)) == (503, 1)
        for writer in connections:
            writer.close()
