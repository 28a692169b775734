"""Work ends when its client disconnects."""

import asyncio

import pytest
from fastapi import Request
from starlette.types import Message

from shared.web.connection import while_connected
from shared.web.problem import Problem


def request(messages: asyncio.Queue[Message]) -> Request:
    return Request({"type": "http", "method": "GET", "headers": []}, messages.get)


async def test_work_returns_its_result() -> None:
    messages: asyncio.Queue[Message] = asyncio.Queue()
    messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    assert await while_connected(request(messages), asyncio.sleep(0, "result")) == "result"


async def test_an_error_of_the_work_is_raised() -> None:
    async def fail() -> None:
        raise ValueError("the error")

    with pytest.raises(ValueError, match="the error"):
        await while_connected(request(asyncio.Queue()), fail())


async def test_work_is_cancelled_when_the_client_disconnects() -> None:
    messages: asyncio.Queue[Message] = asyncio.Queue()
    messages.put_nowait({"type": "http.disconnect"})
    endless = asyncio.Event()
    is_cancelled = False

    async def work() -> None:
        nonlocal is_cancelled
        try:
            await endless.wait()
        except asyncio.CancelledError:
            is_cancelled = True
            raise

    with pytest.raises(Problem, match="disconnected"):
        await while_connected(request(messages), work())
    assert is_cancelled
