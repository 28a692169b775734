"""Jobs with taskiq: three tasks, results and progress in Redis, quorum queues, confirms, late acknowledgement."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis
from taskiq import TaskiqDepends
from taskiq.depends.progress_tracker import ProgressTracker
from taskiq_aio_pika import AioPikaBroker, Queue
from taskiq_redis import RedisAsyncResultBackend

from bench.programs.client import completed_in_redis, end_task, serve

QUEUES = ("taskiq.separator", "taskiq.transcriber", "taskiq.beats")

results: Any = RedisAsyncResultBackend(os.environ["REDIS_URL"], result_ex_time=3600)
broker = AioPikaBroker(
    os.environ["AMQP_URL"],
    results,
    qos=1,
    task_queues=[Queue(name=name) for name in QUEUES if os.environ.get("QUEUE", name) == name],
)
states = Redis.from_url(os.environ["REDIS_URL"])


async def _work(job_id: str, queue: str, progress: ProgressTracker[Any] = TaskiqDepends()) -> str:  # noqa: B008 -- taskiq injects it
    await progress.set_progress("STARTED")
    await progress.set_progress("PROGRESS", {"progress": 50})
    await end_task(states, job_id, queue)
    return "done"


tasks = {name: broker.register_task(_work, name, queue_name=name) for name in QUEUES}


class TaskiqQueue:
    async def submit(self, count: int) -> list[str]:
        return await asyncio.gather(*(self._submit() for _ in range(count)))

    async def completed(self, job_ids: Sequence[str]) -> set[str]:
        return await completed_in_redis(states, job_ids)

    async def drain(self) -> None:
        pass

    async def _submit(self) -> str:
        job_id = str(uuid4())
        for name, task in tasks.items():
            await task.kiq(job_id, name)
        return job_id


async def main() -> None:
    await broker.startup()
    await serve(TaskiqQueue())
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
