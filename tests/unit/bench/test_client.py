"""The client of a job queue: polling and timeout."""

from collections.abc import Sequence

import pytest

from bench.programs import client

Jobs = list[str]


class FakeQueue:
    """Completes a job when it has been polled `polls` times."""

    def __init__(self, polls: int) -> None:
        self._polls = polls
        self.polled: list[Jobs] = []

    async def submit(self, count: int) -> Jobs:
        return [str(n) for n in range(count)]

    async def completed(self, job_ids: Sequence[str]) -> set[str]:
        self.polled.append(list(job_ids))
        return {job_id for job_id in job_ids if sum(job_id in polled for polled in self.polled) >= self._polls}

    async def drain(self) -> None:
        pass


async def test_only_the_oldest_jobs_are_polled() -> None:
    queue = FakeQueue(polls=2)
    await client._concurrently(queue, 7)
    assert queue.polled == [list("01234"), list("01234"), ["5", "6"], ["5", "6"]]


async def test_each_single_job_is_timed() -> None:
    assert len(await client._one_by_one(FakeQueue(polls=1), 3)) == 3


async def test_a_queue_that_never_completes_a_job_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.1)
    with pytest.raises(TimeoutError, match="1 jobs"):
        await client._concurrently(FakeQueue(polls=1_000_000), 1)
