"""Jobs with arq: three of its jobs, one queue each, all in Redis."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import func

from bench.programs.client import completed_in_redis, end_task, serve

QUEUES = ("arq:separator", "arq:transcriber", "arq:beats")


async def _work(ctx: dict[str, Any], job_id: str, queue: str) -> str:
    for state in ("started", "50", "completed"):
        await ctx["redis"].hset(job_id, queue, state)
    await end_task(ctx["redis"], job_id, queue)
    return "done"


class Worker:
    """Polls every 5 ms (default: 500 ms), because with `max_jobs` 1 it takes one job per poll."""

    functions = (func(_work, name="work"),)
    redis_settings = RedisSettings.from_dsn(os.environ["REDIS_URL"])
    queue_name = os.environ.get("QUEUE")
    max_jobs = 1
    poll_delay = 0.005


class ArqQueue:
    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def submit(self, count: int) -> list[str]:
        return await asyncio.gather(*(self._submit() for _ in range(count)))

    async def completed(self, job_ids: Sequence[str]) -> set[str]:
        return await completed_in_redis(self._redis, job_ids)

    async def drain(self) -> None:
        pass

    async def _submit(self) -> str:
        job_id = str(uuid4())
        for queue in QUEUES:
            await self._redis.enqueue_job("work", job_id, queue, _queue_name=queue)
        return job_id


async def main() -> None:
    await serve(ArqQueue(await create_pool(Worker.redis_settings)))


if __name__ == "__main__":
    asyncio.run(main())
