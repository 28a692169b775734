"""A side's client: does what a line of its input says, and answers with a line of JSON. Peers run it, too.

`load 100` submits a hundred jobs at once and tells the seconds until all were seen as completed;
`alone 20` submits one at a time, and tells the seconds of each.
"""

import asyncio
import json
import random
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Protocol

WINDOW = 5
"""So many of the oldest jobs are asked for at a time."""
LOOK_SECONDS = 0.05
CLOSE_LOOK_SECONDS = 0.005
PATIENCE_SECONDS = 120


class Customer(Protocol):
    async def submit(self, count: int) -> list[str]:
        """The ids of so many new jobs, which the side has promised to do."""

    async def completed(self, job_ids: Sequence[str]) -> set[str]:
        """Those that anybody can see to be completed."""

    async def settle(self) -> None:
        """Returns once nothing is left to be done for jobs that are completed."""


async def serve(customer: Customer) -> None:
    """Until its input ends."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        what, jobs = line.split()
        answer = await (_load if what == "load" else _alone)(customer, int(jobs))
        await customer.settle()
        print(json.dumps(answer), flush=True)


async def _load(customer: Customer, jobs: int) -> float:
    began = perf_counter()
    await _until_completed(customer, await customer.submit(jobs), LOOK_SECONDS)
    return perf_counter() - began


async def _alone(customer: Customer, jobs: int) -> list[float]:
    seconds = []
    for _ in range(jobs):
        await asyncio.sleep(random.uniform(0.02, 0.06))  # in step with nobody's own polling
        began = perf_counter()
        await _until_completed(customer, await customer.submit(1), CLOSE_LOOK_SECONDS)
        seconds.append(perf_counter() - began)
    return seconds


async def _until_completed(customer: Customer, job_ids: Sequence[str], look_seconds: float) -> None:
    missing, deadline = list(job_ids), perf_counter() + PATIENCE_SECONDS
    while missing:
        asked = missing[:WINDOW]
        seen = await customer.completed(asked)
        missing = [job_id for job_id in missing if job_id not in seen]
        if perf_counter() > deadline:
            raise TimeoutError(f"{len(missing)} jobs have not been completed")
        if len(seen) < len(asked):
            await asyncio.sleep(look_seconds)
