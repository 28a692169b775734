"""Duplicate, late and reordered events, and a killed status service."""

import asyncio
from random import Random

import pytest

from shared.broker.bus import Bus
from shared.events import Event
from shared.tasks import Task
from tests.fakes import completed, failed, progressed, started, submitted
from tests.faults.system import System


def publish(system: System, events: list[Event], at_once: int = 500) -> None:
    async def all_of_them() -> None:
        async with Bus(system.broker.url, "test") as bus:
            for start in range(0, len(events), at_once):
                await asyncio.gather(*map(bus.publish, events[start : start + at_once]))

    asyncio.run(all_of_them())


def story(job_id: str) -> list[Event]:
    """Return a hundred events of a job that completes all tasks."""
    events: list[Event] = [submitted(job_id=job_id)]
    for task in Task:
        events += [started(task), *(progressed(task, n, seq=n) for n in range(1, 31)), failed(task, attempt=1)]
    events += [completed(task, attempt=2) for task in Task]
    return [event.model_copy(update={"job_id": job_id}) for event in events]


@pytest.mark.slow
def test_ten_thousand_events_arrive_three_times_shuffled_at_three_replicas(system: System) -> None:
    for name in ("status-2", "status-3"):
        system.start(name, JOB_TTL_HOURS=1e6)
    system.start("status", JOB_TTL_HOURS=1e6)
    system.until(lambda: system.ready(system.children))
    jobs = [f"shuffled-{n}" for n in range(100)]
    events = [event for job in jobs for event in story(job)] * 3
    Random(7).shuffle(events)
    system.strike()
    publish(system, events)
    assert len(events) == 3 * 10_000
    system.accepted = jobs


@pytest.mark.slow
def test_progress_and_failure_arrive_after_completion(system: System) -> None:
    job = system.submit()
    assert system.until_ended(job) == ["completed"]
    system.strike()
    late: list[Event] = [progressed(Task.STEM_SEPARATION, 30, attempt=2), failed(Task.BEAT_ANALYSIS, attempt=3, seq=50)]
    publish(system, [event.model_copy(update={"job_id": job}) for event in late])
    system.until(lambda: not system.waiting("status"))
    assert system.until_ended(job) == ["completed"]


def test_status_is_killed_before_its_acknowledgement(system: System) -> None:
    system.until(lambda: "status" in system.consumers())  # after the test before, it may still be connecting
    system.proxies["status"].hold(down=False)  # events arrive; their acknowledgements do not leave
    job = system.submit()
    assert system.until_ended(job) == ["completed"]
    system.children["status"].kill()
    system.proxies["status"].cut()
    system.proxies["status"].mend()
    system.strike()
    system.start("status")
    system.until_ready("status")
    system.until(lambda: not system.waiting("status"))
    assert system.until_ended(job) == ["completed"]
