"""What those peers that know tasks alone need to make three of them a job: its state in Redis, by the job's id."""

from collections.abc import Sequence
from typing import Any

TASKS_OF_A_JOB = 3


async def end_task(redis: Any, job_id: str, task: str) -> None:  # noqa: ANN401 -- of the peer's environment
    """The last to end completes the job; one that comes twice is counted once."""
    async with redis.pipeline() as pipe:
        pipe.sadd(f"{job_id}:ended", task)
        pipe.scard(f"{job_id}:ended")
        _, ended = await pipe.execute()
    if ended == TASKS_OF_A_JOB:
        await redis.set(f"{job_id}:status", "completed")


async def completed(redis: Any, job_ids: Sequence[str]) -> set[str]:  # noqa: ANN401 -- of the peer's environment
    states = await redis.mget([f"{job_id}:status" for job_id in job_ids])
    return {job_id for job_id, state in zip(job_ids, states, strict=True) if state == b"completed"}
