"""Errors of an unavailable broker are retried; programming errors are not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aio_pika
import pytest
from aio_pika.exceptions import AMQPConnectionError, ChannelInvalidStateError

from shared.broker import topology
from shared.broker.bus import Bus
from shared.broker.connection import BROKER_ERRORS, connect, open_channel
from shared.broker.subscription import Subscription
from tests.fakes import submitted

URL = "amqp://127.0.0.1:1"


class Channel:
    """Accepts every publish."""

    def __init__(self) -> None:
        self.published: list[str] = []

    async def get_exchange(self, _: str, *, ensure: bool) -> "Channel":
        assert not ensure
        return self

    async def publish(self, _: aio_pika.Message, key: str, **__: object) -> None:
        self.published.append(key)

    async def set_qos(self, **_: object) -> None: ...


class Connection:
    """Raises `errors` one after the other, then opens `channel_`."""

    def __init__(self, *errors: Exception, is_closed: bool = False) -> None:
        self.channel_ = Channel()
        self.transport = SimpleNamespace(connection=SimpleNamespace(is_closed=is_closed))
        self._errors = iter(errors)

    async def channel(self, **_: object) -> Channel:
        for error in self._errors:
            raise error
        return self.channel_

    async def close(self) -> None: ...


@asynccontextmanager
async def connected_bus(
    monkeypatch: pytest.MonkeyPatch, connection: Connection, prepare: Callable[[Any], Any]
) -> AsyncIterator[Bus]:
    async def connect_robust(*_: object, **__: object) -> Connection:
        return connection

    monkeypatch.setattr(aio_pika, "connect_robust", connect_robust)
    monkeypatch.setattr(topology, "declare", prepare)
    bus = Bus(URL, "test")
    async with asyncio.timeout(5):
        await bus.__aenter__()
        yield bus


@pytest.fixture
def bug() -> Iterator[Callable[[Any], Any]]:
    calls: list[object] = []

    async def prepare(channel: object) -> dict[str, Any]:
        calls.append(channel)
        raise RuntimeError("a bug")

    yield prepare
    assert len(calls) == 1


async def no_topology(_: object) -> dict[str, Any]:
    return {}


def test_runtime_error_is_not_a_broker_error() -> None:
    assert not issubclass(RuntimeError, BROKER_ERRORS)
    assert issubclass(ChannelInvalidStateError, BROKER_ERRORS)


async def test_a_bug_while_connecting_is_raised_by_publish(
    monkeypatch: pytest.MonkeyPatch, bug: Callable[[Any], Any]
) -> None:
    async with connected_bus(monkeypatch, Connection(), bug) as bus:
        with pytest.raises(RuntimeError, match="a bug"):
            await bus.publish(submitted())


async def test_a_bug_while_subscribing_is_raised_at_once(bug: Callable[[Any], Any]) -> None:
    async def new_channel() -> Any:
        return Channel()

    async def handler(_: object) -> None: ...

    with pytest.raises(RuntimeError, match="a bug"):
        async with Subscription(new_channel, bug, "status", handler, 1).consuming():
            pass


async def test_a_connection_that_is_lost_while_a_channel_opens_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(RuntimeError("<Connection> closed"), is_closed=True)
    async with connected_bus(monkeypatch, connection, no_topology) as bus:
        await bus.publish(submitted())
    assert len(connection.channel_.published) == 1


@pytest.mark.parametrize("transport", [None, SimpleNamespace(connection=SimpleNamespace(is_closed=True))])
async def test_a_runtime_error_on_a_lost_connection_becomes_a_broker_error(transport: object) -> None:
    connection: Any = Connection(RuntimeError("Connection was not opened"))
    connection.transport = transport
    with pytest.raises(AMQPConnectionError, match="Connection was not opened"):
        await open_channel(connection)


async def test_a_runtime_error_on_an_open_connection_stays_one() -> None:
    connection: Any = Connection(RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        await open_channel(connection)


@pytest.mark.parametrize("raised", [RuntimeError("the handler is closed"), StopAsyncIteration()])
async def test_a_broker_that_hangs_up_during_the_handshake_is_a_broker_error(
    monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    async def connect_robust(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(aio_pika, "connect_robust", connect_robust)
    with pytest.raises(AMQPConnectionError):
        await connect(URL, "test")
