"""Look-ups at a real name server on loopback."""

import asyncio
import socket
import threading
import time

import pytest

from shared.callbacks import lookup
from shared.callbacks.lookup import resolve
from tests.name_server import name_server


async def test_the_addresses_of_a_name_are_returned() -> None:
    async with name_server({"fast.example": "192.0.2.1"}) as server:
        assert await resolve("fast.example", 443, [server.address]) == ["192.0.2.1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_address_and_a_name_of_the_hosts_file_need_no_name_server(host: str) -> None:
    assert "127.0.0.1" in await resolve(host, 80)


async def test_an_unknown_name_is_told_apart_from_a_name_server_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookup, "QUERY_SECONDS", 0.1)
    async with name_server({}, silent=["slow.example"]) as server:
        for host, code in (("unknown.example", socket.EAI_NONAME), ("slow.example", socket.EAI_AGAIN)):
            with pytest.raises(socket.gaierror) as error:
                await resolve(host, 443, [server.address])
            assert error.value.errno == code


async def test_a_slow_name_server_delays_no_other_look_up() -> None:
    slow = [f"slow-{n}.example" for n in range(50)]
    async with name_server({"fast.example": "192.0.2.1"}, slow) as server:
        waiting = [asyncio.create_task(resolve(name, 443, [server.address])) for name in slow]
        await asyncio.wait(waiting, timeout=0.2)
        started = time.monotonic()
        assert await resolve("fast.example", 443, [server.address]) == ["192.0.2.1"]
        assert time.monotonic() - started < lookup.QUERY_SECONDS
        assert await asyncio.to_thread(threading.current_thread)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert time.monotonic() - started < 5 * lookup.QUERY_SECONDS
    assert {error.errno for error in results if isinstance(error, socket.gaierror)} == {socket.EAI_AGAIN}
    assert server.asked == {*slow, "fast.example"}
