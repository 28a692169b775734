"""Children share the machine fairly and within its memory."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from services.gateway.media.processes import Slots, child_counts
from shared.errors import TransientError

GIB = 1 << 30


@pytest.mark.parametrize(
    ("processors", "memory_bytes", "counts"),
    [
        (1, 64 * GIB, (1, 1)),
        (2, 64 * GIB, (2, 1)),
        (16, 64 * GIB, (16, 8)),
        (2, 2 * GIB, (2, 1)),
        (64, 2 * GIB, (2, 1)),
        (64, 4 * GIB, (5, 2)),
        (64, GIB // 2, (1, 1)),
    ],
)
def test_the_number_of_children_fits_processors_and_memory(
    processors: int, memory_bytes: int, counts: tuple[int, int]
) -> None:
    assert child_counts(processors, memory_bytes) == counts


class Crowd:
    """Requests of callers; each holds its slot until it is told to end."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.served: list[str] = []
        self.requests: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def add(self, *names: str) -> None:
        """Add requests in this order. The first letter of a name is the caller."""
        for name in names:
            self._ends[name] = asyncio.Event()
            self.requests[name] = asyncio.create_task(self._hold(name))
        await settled()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self.requests.pop(name)
        await settled()

    async def _hold(self, name: str) -> None:
        async with self.slots.slot(name[0]):
            self.served.append(name)
            await self._ends[name].wait()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)  # let every task run until it waits


@pytest.mark.parametrize(
    ("count", "order"),
    [(1, ["a1", "b1", "a2", "b2", "a3", "a4"]), (2, ["a1", "a2", "b1", "a3", "b2", "a4"])],
)
async def test_callers_take_turns(count: int, order: list[str]) -> None:
    crowd = Crowd(Slots(count, 60, "busy"))
    await crowd.add("a1", "a2", "a3", "a4", "b1", "b2")
    for name in order:
        await crowd.end(name)
    assert crowd.served == order


async def test_a_request_that_gives_up_frees_its_place() -> None:
    crowd = Crowd(Slots(1, 60, "busy"))
    await crowd.add("a1", "a2", "b1", "b2")
    for name in ("b1", "a1"):  # one that waits, one that runs
        crowd.requests.pop(name).cancel()
    await settled()
    assert crowd.served == ["a1", "b2"]
    await crowd.end("b2")
    await crowd.end("a2")


async def test_a_request_waits_only_so_long() -> None:
    slots = Slots(1, 0.01, "busy")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(slots.slot("a"))
        with pytest.raises(TransientError, match="busy"):
            await stack.enter_async_context(slots.slot("b"))
    async with slots.slot("b"):
        pass
