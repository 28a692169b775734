"""A line of songs before one separator: how much of the time it separates."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from bench.singer import Singer
from bench.tap import tapped, until
from shared.broker.bus import Bus
from shared.events import Event, Task, TaskCompleted, TaskStarted

SECONDS: Final = 600.0


def busy(amqp_url: str, url: str, song: Path, count: int) -> dict[str, Any]:
    """Songs are sent four at a time; once the last is separated nobody waits for what else is done with it.

    The separator is busy from when it takes a song until it tells the result: loading, computing and storing.
    """
    return asyncio.run(_busy(amqp_url, url, song, count))


async def _busy(amqp_url: str, url: str, song: Path, count: int) -> dict[str, Any]:
    async with (
        Bus(amqp_url, "bench") as bus,
        tapped(bus, "task_started") as started,
        tapped(bus, "task_completed") as done,
    ):
        with ThreadPoolExecutor(4) as senders, Singer(url) as singer:
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(senders, singer.submit, song) for _ in range(count)))
            await until(lambda: len(_separated(done)) == count, SECONDS, "for songs to be separated")
    began = [event.at for event in started if isinstance(event, TaskStarted) and event.task is Task.STEM_SEPARATION]
    ended = _separated(done)
    span = (max(event.at for event in ended) - min(began)).total_seconds()
    at_work = sum(event.processing_time for event in ended)
    return {"songs": count, "span_seconds": round(span, 3), "busy_seconds": round(at_work, 3)}


def _separated(events: list[Event]) -> list[TaskCompleted]:
    return [each for each in events if isinstance(each, TaskCompleted) and each.task is Task.STEM_SEPARATION]
