"""Jobs that are under way, and what happens to them: events as the services publish them."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from shared.broker.bus import Bus
from shared.events import Event, JobSubmitted, Options, Song, Task, TaskProgressed, TaskStarted

AT_ONCE: Final = 200
SONG: Final = Song(name="a song of the usual length.mp3", file_size=8_000_000, audio_duration=215.4)


def beginnings(job_ids: Sequence[str]) -> list[Event]:
    """Each job submitted, and its separation at work."""
    return list(stories(job_ids, events_each=2))


def stories(job_ids: Sequence[str], events_each: int) -> Iterator[Event]:
    """So many events of each job: submitted, then its tasks, side by side, started and progressing."""
    now = datetime.now(UTC)
    for job_id in job_ids:
        yield JobSubmitted(job_id=job_id, at=now, song=SONG, options=Options())
        for n in range(events_each - 1):
            task, seq = list(Task)[n % len(Task)], n // len(Task)
            if seq:
                yield _progressed(job_id, now + timedelta(seconds=n), seq, task)
            else:
                yield TaskStarted(job_id=job_id, at=now, task=task, attempt=1, seq=0)


async def tell(bus: Bus, events: Sequence[Event]) -> None:
    """As fast as the broker confirms them."""
    for start in range(0, len(events), AT_ONCE):
        await asyncio.gather(*map(bus.publish, events[start : start + AT_ONCE]))


async def keep_telling(bus: Bus, job_ids: Sequence[str], events_per_second: float) -> None:
    """Progress of one job after another, until cancelled."""
    loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    for n in count():
        await asyncio.sleep(began + n / events_per_second - loop.time())
        await bus.publish(_progressed(job_ids[n % len(job_ids)], datetime.now(UTC), 1 + n // len(job_ids)))


def _progressed(job_id: str, at: datetime, seq: int, task: Task = Task.STEM_SEPARATION) -> TaskProgressed:
    return TaskProgressed(job_id=job_id, at=at, task=task, attempt=1, seq=seq, progress=seq % 100)
