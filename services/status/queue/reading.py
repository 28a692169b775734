"""Reads the queue, the speed of tasks and the waiting tasks from the database. All raise TransientError."""

import asyncio
from typing import Final

from services.status.database.store import Store
from services.status.queue.estimate import Queue, Unfinished, speed
from services.status.queue.rows import PROJECTION, readable, times
from services.status.queue.waiting import COUNT_WAITING, Waiting, waiting
from shared.tasks import Task

LATEST: Final = 50
"""Number of the latest completions from which the speed of a task is estimated."""

BATCH: Final = 500
"""Rows that are processed before other coroutines may run."""


async def read_queue(store: Store) -> Queue:
    """Return all unfinished work."""
    rows = await store.unfinished_rows(PROJECTION)
    jobs: list[Unfinished] = []
    for start in range(0, len(rows), BATCH):
        jobs += readable(rows[start : start + BATCH])
        await asyncio.sleep(0)
    return Queue.of(jobs)


async def read_speeds(store: Store) -> dict[Task, float]:
    """Return the recent speed of each task that has been completed before."""
    speeds = {task: speed(times(await store.completed_rows(task, LATEST), task)) for task in Task}
    return {task: known for task, known in speeds.items() if known is not None}


async def read_waiting(store: Store) -> dict[Task, Waiting]:
    """Return the tasks that could start but have not."""
    return waiting(await store.aggregate(COUNT_WAITING))
