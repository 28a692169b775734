"""Which addresses of a receiver are tried, and for how long a name is looked up."""

import asyncio
import threading
from ipaddress import ip_network

import httpx
import pytest
from pydantic import SecretStr

from services.gateway.security import callback_url
from services.gateway.settings import Settings
from services.status.callbacks.sender import CallbackSender
from shared.callbacks.address import LOOKUPS, resolve
from shared.errors import TransientError

NETWORKS = [ip_network("10.0.0.0/8")]


async def two(host: str, port: int) -> list[str]:
    return ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize("error", [httpx.ConnectTimeout, httpx.ConnectError])
async def test_an_address_that_does_not_connect_is_followed_by_the_next(error: type[httpx.HTTPError]) -> None:
    tried = []

    def answer(request: httpx.Request) -> httpx.Response:
        tried.append(request.url.host)
        if request.url.host == "10.0.0.1":
            raise error("nobody there")
        return httpx.Response(204, stream=httpx.ByteStream(b""))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        assert await CallbackSender(http, NETWORKS, two).send("https://example.com/", {}, b"{}") == 204
    assert tried == ["10.0.0.1", "10.0.0.2"]


async def test_a_receiver_that_took_the_request_is_not_sent_it_at_its_next_address() -> None:
    tried = []

    def answer(request: httpx.Request) -> httpx.Response:
        tried.append(request.url.host)
        raise httpx.ReadTimeout("no answer")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(TransientError):
            await CallbackSender(http, NETWORKS, two).send("https://example.com/", {}, b"{}")
    assert tried == ["10.0.0.1"]


async def test_a_name_that_nobody_can_look_up_in_time_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(callback_url, "LOOKUP_SECONDS", 0.01)
    settings = Settings(webhook_secret=SecretStr("a secret of thirty-two characters"))
    assert await callback_url.validated_callback("https://example.com/", settings, slow) == "https://example.com/"


async def test_names_that_are_slow_to_look_up_keep_no_other_thread_busy() -> None:
    release = threading.Event()
    hung = [LOOKUPS.submit(release.wait) for _ in range(50)]
    try:
        looking_up = asyncio.ensure_future(resolve("127.0.0.1", 80))
        async with asyncio.timeout(5):
            assert await asyncio.to_thread(threading.current_thread)
        assert not looking_up.done()
    finally:
        release.set()
    assert all(lookup.result() for lookup in hung)
    assert await looking_up == ["127.0.0.1"]
