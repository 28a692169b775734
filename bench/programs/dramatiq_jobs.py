"""Jobs with Dramatiq: a group of three tasks with a callback, results and progress in Redis, durable queues."""

import asyncio
import os
from collections.abc import Callable, Sequence
from uuid import uuid4

import dramatiq
import redis
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits.backends import RedisBackend as Limits
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from bench.programs.client import serve

QUEUES = ("dramatiq.separator", "dramatiq.transcriber", "dramatiq.beats")

broker = RabbitmqBroker(url=os.environ["AMQP_URL"], confirm_delivery=True)
broker.add_middleware(Results(backend=RedisBackend(url=os.environ["REDIS_URL"])))
broker.add_middleware(GroupCallbacks(Limits(url=os.environ["REDIS_URL"])))
dramatiq.set_broker(broker)
states = redis.Redis.from_url(os.environ["REDIS_URL"])


def _work(queue: str) -> Callable[[str], str]:
    def work(job_id: str) -> str:
        for state in ("started", "50", "completed"):
            states.hset(job_id, queue, state)
        return "done"

    return work


def _finish(job_id: str) -> None:
    states.hset(job_id, "status", "completed")


actors = [dramatiq.actor(_work(name), actor_name=name, queue_name=name, store_results=True) for name in QUEUES]
finish = dramatiq.actor(_finish, actor_name="finish", queue_name=QUEUES[-1])


class DramatiqQueue:
    async def submit(self, count: int) -> list[str]:
        return [self._submit() for _ in range(count)]

    async def completed(self, job_ids: Sequence[str]) -> set[str]:
        return {job_id for job_id in job_ids if states.hget(job_id, "status") == b"completed"}

    async def drain(self) -> None:
        pass

    def _submit(self) -> str:
        job_id = str(uuid4())
        group = dramatiq.group([actor.message(job_id) for actor in actors])
        group.add_completion_callback(finish.message(job_id))
        group.run()
        return job_id


if __name__ == "__main__":
    asyncio.run(serve(DramatiqQueue()))
