"""Limits for the size of requests and the number of connections, on a gateway process. No broker is needed."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path

import pytest

from deploy.local.child import Child
from deploy.local.child import until as wait_until
from deploy.local.ports import LOOPBACK
from deploy.local.services import Service, table
from shared.web.limits import HEAD_BYTES, PIPELINED
from tests.system import until

SENT_BYTES = 300_000_000
MEMORY_BYTES = 20_000_000
"""Most memory that `SENT_BYTES` may take."""

Process = tuple[Service, Child]


@asynccontextmanager
async def gateway_process(folder: Path, **env: str) -> AsyncIterator[Process]:
    urls = {"AMQP_URL": "amqp://127.0.0.1:1/", "STORAGE_URL": str(folder / "storage")}
    service = table({**os.environ, **urls, **env})["gateway"]
    child = Child("gateway", service.command, service.env, folder / "gateway.log")
    child.start()
    try:
        await asyncio.to_thread(wait_until, service.ready, [child], 60)
        yield service, child
    finally:
        child.end()


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Process]:
    async with gateway_process(tmp_path_factory.mktemp("gateway")) as process:
        yield process


def memory(pid: int, field: str) -> int:
    """Return `VmRSS`, the memory in use, or `VmHWM`, its peak since the last reset, in bytes."""
    return next(
        int(line.split()[1]) * 1024
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith(field)
    )


async def send(port: int, start: bytes, piece: bytes, size: int) -> bytes:
    """Send `start`, then `piece` until `size` bytes are sent or the server closes. Return what it answers."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    answer = asyncio.create_task(read_all(reader))
    with closing(writer), suppress(OSError):
        writer.write(start)
        for _ in range(0, size, len(piece)):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
        return await asyncio.wait_for(answer, 30)
    return await answer


async def read_all(reader: asyncio.StreamReader) -> bytes:
    received = b""
    with suppress(OSError):
        while piece := await reader.read(1 << 16):
            received += piece
    return received


GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = (
    b"POST /api/process HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
)
ENDLESS = {
    "one header": (GET + b"X: ", b"x" * 100_000),
    "a header name": (GET, b"x" * 100_000),
    "many headers": (GET, b"a:b\r\n" * 20_000),
    "a path": (b"GET /", b"x" * 100_000),
    "trailers": (CHUNKED + b"0\r\n", b"a: b\r\n" * 20_000),
    "a trailer": (CHUNKED + b"0\r\na: ", b"x" * 100_000),
    "a chunk extension": (CHUNKED + b"1;", b"x" * 100_000),
    "pipelined requests": (b"", b"GET /livez HTTP/1.1\r\n\r\n" * 5_000),
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_an_endless_request_takes_little_memory(gateway: Process, kind: str) -> None:
    service, child = gateway
    start, piece = ENDLESS[kind]
    await send(service.port, GET, b"\r\n", 2)
    before = memory(child.pid, "VmRSS")
    Path(f"/proc/{child.pid}/clear_refs").write_text("5")  # resets VmHWM
    answer = await send(service.port, start, piece, SENT_BYTES)
    assert memory(child.pid, "VmHWM") - before < MEMORY_BYTES
    if start.startswith(b"GET"):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 431 ")
        assert json.loads(body)["code"] == "headers_too_large"
    else:
        assert answer.partition(b" ")[2][:3] in (b"", b"422", b"200")  # an answer only to what came before
    assert service.ready()


@pytest.mark.parametrize("header", [b"X: " + b"x" * (HEAD_BYTES - 100), b"\r\n".join([b"a:b"] * (HEAD_BYTES // 6))])
async def test_headers_within_the_limit_are_accepted(gateway: Process, header: bytes) -> None:
    request = GET + header + b"\r\nConnection: close\r\n\r\n"
    assert HEAD_BYTES * 0.8 < len(request) <= HEAD_BYTES
    assert (await send(gateway[0].port, b"", request, 1)).startswith(b"HTTP/1.1 200 ")


async def test_the_limit_is_one_of_each_request_and_not_of_the_connection(gateway: Process) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, gateway[0].port)
    with closing(writer):
        for _ in range(5):
            writer.write(GET + b"X: " + b"x" * (HEAD_BYTES // 2) + b"\r\n\r\n")
            assert b"200 OK" in await reader.readuntil(b"}")
        for _ in range(2):
            writer.write((GET + b"\r\n") * PIPELINED)
            for _ in range(PIPELINED):
                assert b"200 OK" in await reader.readuntil(b"}")


PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


async def test_many_small_chunks_are_not_headers(gateway: Process) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, gateway[0].port)
    with closing(writer):
        writer.write(CHUNKED + chunk(PART) + HEAD_BYTES * chunk(b"a") + chunk(b"\r\n--x--\r\n"))
        writer.write(b"0\r\nA: trailer\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 415 ")  # it was read, and is no audio


LIMIT = 5


async def connections(port: int, count: int) -> int:
    """Open this many connections at once, and return how many of them get an answer."""
    async with AsyncExitStack() as stack:
        answers = []
        for _ in range(count):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            stack.callback(writer.close)
            with suppress(OSError):
                writer.write(GET + b"\r\n")
            answers.append(asyncio.create_task(first(reader)))
        return sum(await asyncio.gather(*answers))


async def first(reader: asyncio.StreamReader) -> bool:
    try:
        return b"200 OK" in await reader.readuntil(b"}")
    except (OSError, asyncio.IncompleteReadError):
        return False


async def test_connections_of_one_address_are_limited_while_they_are_open(tmp_path: Path) -> None:
    async with gateway_process(tmp_path, MAX_CONNECTIONS_OF_ONE=str(LIMIT), FORWARDED_ALLOW_IPS="10.0.0.1") as gateway:
        port = gateway[0].port
        await until(lambda: connections(port, LIMIT), LIMIT)  # the probe's connection may still be open
        assert await connections(port, 3 * LIMIT) == LIMIT
        await until(lambda: connections(port, LIMIT), LIMIT)


@pytest.mark.parametrize(
    ("limit", "proxies"), [(0, "10.0.0.1"), (LIMIT, "10.0.0.1,127.0.0.0/8"), (LIMIT, "*")], ids=str
)
async def test_a_limit_of_zero_and_a_proxy_have_no_limit(tmp_path: Path, limit: int, proxies: str) -> None:
    env = {"MAX_CONNECTIONS_OF_ONE": str(limit), "FORWARDED_ALLOW_IPS": proxies}
    async with gateway_process(tmp_path, **env) as gateway:
        assert await connections(gateway[0].port, 3 * LIMIT) == 3 * LIMIT
