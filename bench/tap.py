"""Events as they are published, heard beside those who fold them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aio_pika.abc import AbstractIncomingMessage

from deploy.local.child import StartError
from shared.broker.bus import Bus
from shared.events import Event, decode

LOOK_SECONDS: Final = 0.05


@asynccontextmanager
async def tapped(bus: Bus, kind: str) -> AsyncIterator[list[Event]]:
    """The events of type `kind` that are published while inside, a list that grows."""
    heard: list[Event] = []

    async def hear(message: AbstractIncomingMessage) -> None:
        heard.append(decode(message.body))

    async with bus.listening(kind, hear):
        yield heard


async def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Raises StartError when it is not true within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 -- what grows is a list, which tells nobody
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as error:
        raise StartError(f"waited {seconds:.0f} s in vain", what) from error
