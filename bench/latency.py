"""Delays of the event path: until a job starts, and until an event is visible to clients."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from time import perf_counter
from uuid import uuid4

import aiohttp
from aio_pika.abc import AbstractIncomingMessage

from bench.programs.karaoke_jobs import UploadQueue
from shared.broker.bus import Bus
from shared.events import JobSubmitted, Options, Song, TaskProgressed, TaskStarted, decode
from shared.tasks import Task

EVENTS_OF_A_JOB = 90
POLLED = 10
"""One event of this number is also waited for by polling."""
POLL_SECONDS = 0.01


async def start_delays(bus: Bus, queue: UploadQueue, jobs: int) -> list[float]:
    """Upload one job after another. Return the seconds from each 202 to the first `TaskStarted` from the broker.

    A delay is negative if the worker was faster than the HTTP response.
    """
    started: dict[str, float] = {}
    delays = []

    async def record(message: AbstractIncomingMessage) -> None:
        started.setdefault(decode(message.body).job_id, perf_counter())

    async with bus.listening("task_started", record), asyncio.timeout(60 + 5 * jobs):
        for _ in range(jobs):
            (job_id,) = await queue.submit(1)
            accepted = perf_counter()
            while not await queue.completed([job_id]):  # noqa: ASYNC110 -- a client's polling
                await asyncio.sleep(POLL_SECONDS)
            delays.append(started[job_id] - accepted)
            await queue.drain()
    return delays


class Visibility:
    """Seconds from an event's planned time of publication until the status service shows it.

    Progress events of many jobs are published at a steady rate, also if the service does not keep up.
    """

    def __init__(self, bus: Bus, status: aiohttp.ClientSession) -> None:
        self._bus = bus
        self._status = status
        self._due: dict[tuple[str, int], float] = {}  # by job and percentage
        self.followed: list[float] = []
        self.polled: list[float] = []

    async def measure(self, events: int, per_second: float) -> None:
        """Fill `followed` (server-sent events) and `polled`. Raises TimeoutError if an event is never shown."""
        jobs = [str(uuid4()) for _ in range(1 + events // EVENTS_OF_A_JOB)]
        last = [len(range(n, events, len(jobs))) for n in range(len(jobs))]
        async with asyncio.timeout(60 + events / per_second), asyncio.TaskGroup() as tasks:
            for job_id, percent in zip(jobs, last, strict=True):
                await self._start(job_id)
                tasks.create_task(self._follow(job_id, percent))
            await asyncio.sleep(1)  # until all streams are open
            for n, due in enumerate(_every(1 / per_second)):
                if n == events:
                    break
                await asyncio.sleep(due - perf_counter())
                job_id, percent = jobs[n % len(jobs)], 1 + n // len(jobs)
                self._due[job_id, percent] = due
                tasks.create_task(self._bus.publish(_progress(job_id, percent)))
                if n % POLLED == 0:
                    tasks.create_task(self._poll(job_id, percent))

    async def _start(self, job_id: str) -> None:
        song = Song(name="song.mp3", file_size=1, audio_duration=200)
        await self._bus.publish(JobSubmitted(job_id=job_id, at=datetime.now(UTC), song=song, options=Options()))
        await self._bus.publish(TaskStarted.model_validate(_fields(job_id, 0)))
        while await self._percent(job_id) is None:  # noqa: ASYNC110 -- a client's polling
            await asyncio.sleep(POLL_SECONDS)

    async def _follow(self, job_id: str, last: int) -> None:
        """Follow the event stream until `last` percent. A percentage is visible when it or a greater one is sent."""
        visible = 0
        async with self._status.get(f"/api/status/{job_id}/events", raise_for_status=True) as answer:
            async for line in answer.content:
                if line.startswith(b"data: "):
                    now, document = perf_counter(), json.loads(line.removeprefix(b"data: "))
                    percent = document["stem_separation"]["progress"]
                    self.followed += [now - self._due[job_id, each] for each in range(visible + 1, percent + 1)]
                    visible = max(visible, percent)
                if visible >= last:
                    return

    async def _poll(self, job_id: str, percent: int) -> None:
        while (await self._percent(job_id) or 0) < percent:  # noqa: ASYNC110 -- a client's polling
            await asyncio.sleep(POLL_SECONDS)
        self.polled.append(perf_counter() - self._due[job_id, percent])

    async def _percent(self, job_id: str) -> int | None:
        async with self._status.get(f"/api/status/{job_id}") as answer:
            if answer.status == HTTPStatus.NOT_FOUND:
                return None
            answer.raise_for_status()
            return int((await answer.json())["stem_separation"]["progress"])


def _every(seconds: float) -> Iterator[float]:
    began, n = perf_counter(), 0
    while True:
        yield began + n * seconds
        n += 1


def _progress(job_id: str, percent: int) -> TaskProgressed:
    return TaskProgressed.model_validate(_fields(job_id, percent) | {"progress": percent})


def _fields(job_id: str, seq: int) -> dict[str, object]:
    task = Task.STEM_SEPARATION
    return {"job_id": job_id, "at": datetime.now(UTC), "task": task, "attempt": 1, "seq": seq}
