"""Jobs with Celery: a chord of three tasks, results in Redis, quorum queues, confirms, late acknowledgement."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from celery import Celery, chord
from kombu import Queue

from bench.programs.client import serve

QUEUES = ("celery.separator", "celery.transcriber", "celery.beats")

app = Celery("jobs", broker=os.environ["AMQP_URL"], backend=os.environ["REDIS_URL"])
app.conf.update(
    task_queues=[Queue(name, routing_key=name, queue_arguments={"x-queue-type": "quorum"}) for name in QUEUES],
    task_default_queue=QUEUES[-1],
    broker_transport_options={"confirm_publish": True},
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_track_started=True,
    worker_prefetch_multiplier=1,
)


def _work(self: Any) -> str:  # noqa: ANN401 -- a task of Celery, which has no types
    """Report progress. Celery itself stores the start and the result."""
    self.update_state(state="PROGRESS", meta={"progress": 50})
    return "done"


def _finish(results: list[str]) -> list[str]:
    return results


tasks = [app.task(bind=True, name=name, queue=name)(_work) for name in QUEUES]
finish = app.task(name="finish", queue=QUEUES[-1])(_finish)


class CeleryQueue:
    async def submit(self, count: int) -> list[str]:
        return [chord([task.s() for task in tasks])(finish.s()).id for _ in range(count)]

    async def completed(self, job_ids: Sequence[str]) -> set[str]:
        return {job_id for job_id in job_ids if app.AsyncResult(job_id).state == "SUCCESS"}

    async def drain(self) -> None:
        pass


if __name__ == "__main__":
    asyncio.run(serve(CeleryQueue()))
