"""Time limits of connections, and what they and `shared.web.limits` use of uvicorn that is not public."""

import asyncio
import inspect
from contextlib import suppress
from socket import create_server

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from deploy.local.ports import LOOPBACK
from shared.settings import Settings
from shared.web import timeouts
from shared.web.health import Health
from shared.web.server import serving


def test_the_methods_that_are_overridden_exist_and_have_their_parameters() -> None:
    parameters = {
        name: [*inspect.signature(getattr(HttpToolsProtocol, name)).parameters]
        for name in ("connection_made", "connection_lost", "data_received", "on_body", "on_message_complete")
    }
    assert parameters == {
        "connection_made": ["self", "transport"],
        "connection_lost": ["self", "exc"],
        "data_received": ["self", "data"],
        "on_body": ["self", "body"],
        "on_message_complete": ["self"],
    }


async def test_a_new_connection_has_a_loop_and_no_cycle() -> None:
    config = uvicorn.Config(lambda: None, log_config=None)
    protocol = HttpToolsProtocol(config, uvicorn.server.ServerState(), {})
    assert hasattr(protocol.loop, "call_later")
    assert protocol.cycle is None
    assert protocol.transport is None
    assert protocol.client is None
    assert len(protocol.pipeline) == 0


def test_a_cycle_says_whether_its_response_is_complete() -> None:
    assert "response_complete" in RequestResponseCycle.__init__.__code__.co_names


async def test_a_connection_that_sends_no_complete_request_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "REQUEST_SECONDS", 0.2)
    listener = create_server((LOOPBACK, 0))
    async with serving(Health().app(), Settings(grace_seconds=1), listener), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
