"""The client of a side: what it waits for, and when it gives up."""

from collections.abc import Sequence

import pytest

from bench.programs import customer

Jobs = list[str]


class Side:
    """Completes a job when it has been looked for `looks` times."""

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self.asked: list[Jobs] = []

    async def submit(self, count: int) -> Jobs:
        return [str(n) for n in range(count)]

    async def completed(self, job_ids: Sequence[str]) -> set[str]:
        self.asked.append(list(job_ids))
        return {job_id for job_id in job_ids if sum(job_id in asked for asked in self.asked) >= self._looks}

    async def settle(self) -> None:
        pass


async def test_only_the_oldest_jobs_are_asked_for() -> None:
    side = Side(looks=2)
    await customer._load(side, 7)
    assert side.asked == [list("01234"), list("01234"), ["5", "6"], ["5", "6"]]


async def test_every_lone_job_has_its_own_time() -> None:
    assert len(await customer._alone(Side(looks=1), 3)) == 3


async def test_a_side_that_never_completes_a_job_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer, "PATIENCE_SECONDS", 0.1)
    with pytest.raises(TimeoutError, match="1 jobs"):
        await customer._load(Side(looks=1_000_000), 1)
