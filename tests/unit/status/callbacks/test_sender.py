"""Choice of a receiver's address, and the time limits of look-ups."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from services.gateway.security import callback_url
from services.gateway.settings import Settings
from services.status.callbacks import sender as sender_module
from services.status.callbacks.sender import CallbackSender, callback_session
from shared.errors import PermanentError, TransientError

LOOPBACK = [ip_network("127.0.0.0/8")]


async def two_addresses(host: str, port: int) -> list[str]:
    return ["127.0.0.1", "127.0.0.2"]


async def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listening(handler: Handler, address: str, port: int = 0) -> AsyncIterator[int]:
    """Serve `handler` on one address only, and yield the port."""
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, address, port)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_the_next_address_is_tried_after_a_refused_connection() -> None:
    requests: list[web.BaseRequest] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        requests.append(request)
        return web.Response(status=204)

    async with listening(answer, "127.0.0.2") as port, callback_session() as session:
        sender = CallbackSender(session, LOOPBACK, two_addresses)
        assert await sender.send(f"http://receiver.example:{port}/hook?a=b#c", {}, b"{}") == 204
    (request,) = requests
    assert (request.host, request.path_qs) == (f"receiver.example:{port}", "/hook?a=b")


async def test_the_next_address_is_tried_after_a_connection_that_takes_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []

    async def post(url: object, address: str, headers: object, body: object) -> int:
        tried.append(address)
        if address == "127.0.0.1":
            raise aiohttp.ConnectionTimeoutError("Connection timeout to host")
        return 204

    async with callback_session() as session:
        sender = CallbackSender(session, LOOPBACK, two_addresses)
        monkeypatch.setattr(sender, "_post", post)
        assert await sender.send("http://receiver.example/", {}, b"{}") == 204
    assert tried == ["127.0.0.1", "127.0.0.2"]


async def test_a_receiver_that_got_the_request_does_not_get_it_again_at_its_next_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests: list[str] = []
    ended = asyncio.Event()

    async def hang(request: web.BaseRequest) -> web.Response:
        requests.append(request.host)
        await ended.wait()
        return web.Response()

    monkeypatch.setattr(sender_module, "SECONDS", 0.3)
    async with (
        listening(hang, "127.0.0.1") as port,
        listening(hang, "127.0.0.2", port),
        callback_session() as session,
    ):
        with pytest.raises(TransientError):
            await CallbackSender(session, LOOPBACK, two_addresses).send(f"http://receiver.example:{port}/", {}, b"{}")
        ended.set()
    assert len(requests) == 1


async def test_tls_asks_for_the_host_of_the_url() -> None:
    hello = bytearray()

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello.extend(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0)
    async with server, callback_session() as session:
        url = f"https://receiver.example:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(TransientError):
            await CallbackSender(session, LOOPBACK, loopback).send(url, {}, b"{}")
    assert b"receiver.example" in hello


async def test_a_compressed_response_is_not_decompressed_and_cookies_are_not_kept() -> None:
    cookies: list[str | None] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip", "Set-Cookie": "a=b"})

    async with listening(answer, "127.0.0.1") as port, callback_session() as session:
        sender = CallbackSender(session, LOOPBACK, loopback)
        for _ in range(2):
            assert await sender.send(f"http://receiver.example:{port}/", {}, b"{}") == 200
    assert cookies == [None, None]


async def test_an_address_outside_the_allowed_networks_gets_no_request() -> None:
    requests: list[web.BaseRequest] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        requests.append(request)
        return web.Response(status=204)

    async with listening(answer, "127.0.0.1") as port, callback_session() as session:
        for host in ("127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::ffff:127.0.0.1]"):
            with pytest.raises(PermanentError):
                await CallbackSender(session, []).send(f"http://{host}:{port}/", {}, b"{}")
    assert not requests


async def test_a_callback_url_is_accepted_when_its_host_cannot_be_looked_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def slow(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(callback_url, "LOOKUP_SECONDS", 0.01)
    settings = Settings(webhook_secret=SecretStr("a secret of thirty-two characters"))
    assert await callback_url.validated_callback("https://example.com/", settings, slow) == "https://example.com/"


async def test_each_owner_has_two_look_ups_at_a_time() -> None:
    asked: list[str] = []
    answer = asyncio.Event()

    async def slow(host: str, port: int) -> list[str]:
        asked.append(host.partition("-")[0])
        await answer.wait()
        return ["10.0.0.1"]

    async with callback_session() as session:
        sender = CallbackSender(session, LOOPBACK, slow)
        sent = [
            asyncio.create_task(sender.send(f"http://{owner}-{n}.example/", {}, b"{}", owner))
            for owner in ("web", "phone")
            for n in range(5)
        ]
        await asyncio.sleep(0)
        assert asked == ["web"] * 2 + ["phone"] * 2
        answer.set()
        await asyncio.wait(sent)
    assert len(asked) == 10


async def test_a_look_up_that_takes_too_long_is_a_transient_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(sender_module, "LOOKUP_SECONDS", 0.01)
    async with callback_session() as session, asyncio.timeout(5):
        with pytest.raises(TransientError):
            await CallbackSender(session, LOOPBACK, slow).send("http://slow.example/", {}, b"{}")
