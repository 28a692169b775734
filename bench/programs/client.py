"""Client of a job queue, for ours and for the libraries. It answers each line of its input with a line of JSON.

`concurrently 100` submits 100 jobs at once, and returns the seconds until all are seen to be completed.
`one_by_one 20` submits one job after another, and returns the seconds of each.
"""

import asyncio
import json
import random
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Protocol

POLLED_JOBS = 5
"""The oldest unfinished jobs, which are polled together."""
POLL_SECONDS = 0.05
SHORT_POLL_SECONDS = 0.005
TIMEOUT_SECONDS = 120
TASKS_OF_A_JOB = 3


class Queue(Protocol):
    async def submit(self, count: int) -> list[str]:
        """Submit this number of jobs, and return their ids when the queue has accepted them."""

    async def completed(self, job_ids: Sequence[str]) -> set[str]:
        """Return the jobs that a client can see to be completed."""

    async def drain(self) -> None:
        """Wait until nothing is left to do for completed jobs."""


async def serve(queue: Queue) -> None:
    """Answer until the input ends."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        what, jobs = line.split()
        answer = await (_concurrently if what == "concurrently" else _one_by_one)(queue, int(jobs))
        await queue.drain()
        print(json.dumps(answer), flush=True)


async def end_task(redis: Any, job_id: str, task: str) -> None:  # noqa: ANN401 -- a class of the library's environment
    """Complete a job in Redis with its last task, for libraries without jobs of several tasks. Ignores repetitions."""
    async with redis.pipeline() as pipe:
        pipe.sadd(f"{job_id}:ended", task)
        pipe.scard(f"{job_id}:ended")
        _, ended = await pipe.execute()
    if ended == TASKS_OF_A_JOB:
        await redis.set(f"{job_id}:status", "completed")


async def completed_in_redis(redis: Any, job_ids: Sequence[str]) -> set[str]:  # noqa: ANN401 -- as above
    states = await redis.mget([f"{job_id}:status" for job_id in job_ids])
    return {job_id for job_id, state in zip(job_ids, states, strict=True) if state == b"completed"}


async def _concurrently(queue: Queue, jobs: int) -> float:
    began = perf_counter()
    await _wait_until_completed(queue, await queue.submit(jobs), POLL_SECONDS)
    return perf_counter() - began


async def _one_by_one(queue: Queue, jobs: int) -> list[float]:
    seconds = []
    for _ in range(jobs):
        await asyncio.sleep(random.uniform(0.02, 0.06))  # not in step with the polling of a queue
        began = perf_counter()
        await _wait_until_completed(queue, await queue.submit(1), SHORT_POLL_SECONDS)
        seconds.append(perf_counter() - began)
    return seconds


async def _wait_until_completed(queue: Queue, job_ids: Sequence[str], poll_seconds: float) -> None:
    unfinished, deadline = list(job_ids), perf_counter() + TIMEOUT_SECONDS
    while unfinished:
        polled = unfinished[:POLLED_JOBS]
        completed = await queue.completed(polled)
        unfinished = [job_id for job_id in unfinished if job_id not in completed]
        if perf_counter() > deadline:
            raise TimeoutError(f"{len(unfinished)} jobs have not been completed")
        if len(completed) < len(polled):
            await asyncio.sleep(poll_seconds)
