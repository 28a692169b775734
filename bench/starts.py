"""How long an accepted job waits for a worker that has nothing else to do."""

import asyncio
from time import perf_counter

import httpx
from aio_pika.abc import AbstractIncomingMessage

from bench.programs.karaoke import Uploads
from shared.broker.bus import Bus
from shared.events import decode

LOOK_SECONDS = 0.01


class Starts:
    """Seconds from the 202 to the first `TaskStarted`, heard from the broker; below 0 when a worker was the faster."""

    def __init__(self, bus: Bus, uploads: Uploads) -> None:
        self._bus = bus
        self._uploads = uploads
        self._heard: dict[str, float] = {}

    async def measure(self, jobs: int) -> list[float]:
        """Of so many jobs, each uploaded when the one before is over."""
        seconds = []
        async with self._bus.listening("task_started", self._hear), asyncio.timeout(60 + 5 * jobs):
            for _ in range(jobs):
                (job_id,) = await self._uploads.submit(1)
                accepted = perf_counter()
                while not await self._uploads.completed([job_id]):  # noqa: ASYNC110 -- a client's polling
                    await asyncio.sleep(LOOK_SECONDS)
                seconds.append(self._heard[job_id] - accepted)
                await self._uploads.settle()
        return seconds

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        self._heard.setdefault(decode(message.body).job_id, perf_counter())


def client(url: str) -> httpx.AsyncClient:
    """For as many streams as wanted."""
    return httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(max_connections=None))
