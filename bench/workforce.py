"""So many workers of one kind on a queue that is long enough: how many tasks they do in a second."""

import asyncio
from typing import Final

from bench.bench import Bench
from bench.submission import submit
from bench.system import system
from bench.tap import tapped, until
from shared.broker.bus import Bus
from shared.events import Options, Task
from shared.storage.job_files import Storage

SECONDS_EACH: Final = 1
ROUNDS: Final = 6
PATIENCE_SECONDS: Final = 120
SEPARATION: Final = (Task.STEM_SEPARATION,)


async def tasks_per_second(bench: Bench, workers: int) -> float:
    """From the end of the first round to that of the last but one: neither starts nor the end of the queue count."""
    jobs = ROUNDS * workers
    options = Options(tasks=SEPARATION, model=f"seconds-{SECONDS_EACH}")
    storage = Storage(str(bench.folder / "storage"))
    with system(bench, {"separator": workers}):
        async with Bus(bench.amqp_url, "bench") as bus, tapped(bus, "task_completed") as completed:
            await asyncio.gather(*(submit(bus, storage, options) for _ in range(jobs)))
            await until(lambda: len(completed) == jobs, PATIENCE_SECONDS, "for tasks to be completed")
    ends = sorted(event.at for event in completed)
    span = ends[-1 - workers] - ends[workers - 1]
    return round((jobs - 2 * workers) / span.total_seconds(), 3)
