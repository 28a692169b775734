"""Jobs and events that the benchmark publishes, and events that it records."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final
from uuid import uuid4

from aio_pika.abc import AbstractIncomingMessage

from deploy.local.child import StartError
from shared.broker.bus import Bus
from shared.events import Event, JobSubmitted, Options, Song, TaskProgressed, TaskStarted, decode
from shared.job import ready
from shared.storage.job_files import SONG, Storage
from shared.tasks import Task

CONCURRENT_PUBLISHES: Final = 200
USUAL_SONG: Final = Song(name="a song of the usual length.mp3", file_size=8_000_000, audio_duration=215.4)
NO_SONG: Final = b"\0" * 4096
CHECK_SECONDS: Final = 0.05


async def submit_job(bus: Bus, storage: Storage, options: Options) -> str:
    """Submit a job as the gateway does after decoding: store its files, publish it, and return its id."""
    submission = job_submitted(options)
    await storage.put(f"{submission.job_id}/{SONG}", NO_SONG)
    await storage.put_manifest(submission)
    await bus.publish(submission, ready(submission, submission))
    await storage.mark_announced(submission.job_id)
    return submission.job_id


def job_submitted(options: Options) -> JobSubmitted:
    song = Song(name="silence.wav", file_size=len(NO_SONG), audio_duration=1)
    return JobSubmitted(job_id=str(uuid4()), at=datetime.now(UTC), song=song, options=options)


def job_events(job_ids: Sequence[str], events_each: int) -> Iterator[Event]:
    """Yield this number of events for each job: its submission, then start and progress of its tasks in parallel."""
    now = datetime.now(UTC)
    for job_id in job_ids:
        yield JobSubmitted(job_id=job_id, at=now, song=USUAL_SONG, options=Options())
        for n in range(events_each - 1):
            task, seq = list(Task)[n % len(Task)], n // len(Task)
            if seq:
                yield _progressed(job_id, now + timedelta(seconds=n), seq, task)
            else:
                yield TaskStarted(job_id=job_id, at=now, task=task, attempt=1, seq=0)


async def publish_all(bus: Bus, events: Sequence[Event]) -> None:
    """Publish as fast as the broker confirms."""
    for start in range(0, len(events), CONCURRENT_PUBLISHES):
        await asyncio.gather(*map(bus.publish, events[start : start + CONCURRENT_PUBLISHES]))


async def publish_progress(bus: Bus, job_ids: Sequence[str], events_per_second: float) -> None:
    """Publish progress of one job after another, until cancelled."""
    loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    for n in count():
        await asyncio.sleep(began + n / events_per_second - loop.time())
        await bus.publish(_progressed(job_ids[n % len(job_ids)], datetime.now(UTC), 1 + n // len(job_ids)))


@asynccontextmanager
async def recorded(bus: Bus, kind: str) -> AsyncIterator[list[Event]]:
    """Yield a list to which every event of this type is appended that is published inside the block."""
    events: list[Event] = []

    async def record(message: AbstractIncomingMessage) -> None:
        events.append(decode(message.body))

    async with bus.listening(kind, record):
        yield events


async def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition. Raises StartError after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 -- a growing list sends no notification
                await asyncio.sleep(CHECK_SECONDS)
    except TimeoutError as error:
        raise StartError(f"timeout after {seconds:.0f} s", what) from error


def _progressed(job_id: str, at: datetime, seq: int, task: Task = Task.STEM_SEPARATION) -> TaskProgressed:
    return TaskProgressed(job_id=job_id, at=at, task=task, attempt=1, seq=seq, progress=seq % 100)
