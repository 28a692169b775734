"""Events of a running task, and their rate, on a bus that only records them."""

from collections.abc import Iterable
from typing import Any

import pytest

import shared.worker.progress
from shared.errors import PermanentError, TransientError
from shared.events import Event, TaskCompleted, TaskProgressed
from shared.tasks import Task
from shared.worker.progress import LONGEST_SILENCE_SECONDS, Progress
from shared.worker.refinement import RefinementProgress
from tests.fakes import REFINED, RHYTHM, submitted


class Notes:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.away = False

    async def publish(self, event: Event, ready: Iterable[Task] = (), *, within: float = 60) -> None:
        if self.away:
            raise TransientError("The message broker is away")
        self.events.append(event)

    def percents(self) -> list[int]:
        return [event.progress for event in self.events if isinstance(event, TaskProgressed)]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(shared.worker.progress, "monotonic", clock)
    return clock


async def test_a_constant_percentage_is_repeated_as_a_heartbeat_every_ten_seconds(clock: Clock) -> None:
    bus: Any = Notes()
    progress = Progress(bus, "abc123", Task.STEM_SEPARATION, run=0, attempt=1)
    for second in range(int(3 * LONGEST_SILENCE_SECONDS)):
        clock.now = float(second)
        await progress.report(0.5)
    assert bus.percents() == [50, 50, 50]
    assert [event.seq for event in bus.events] == [0, 1, 2]


async def test_a_percentage_never_falls_and_never_reaches_100_before_the_end(clock: Clock) -> None:
    bus: Any = Notes()
    progress = Progress(bus, "abc123", Task.STEM_SEPARATION, run=0, attempt=1)
    for fraction in (0.2, 0.1, 0.6, 1.0):
        await progress.report(fraction)
    assert bus.percents() == [20, 60, 99]


async def test_progress_that_cannot_be_published_is_dropped(clock: Clock) -> None:
    bus: Any = Notes()
    bus.away = True
    await Progress(bus, "abc123", Task.STEM_SEPARATION, run=0, attempt=1).report(0.5)
    assert bus.events == []


async def test_a_refinement_publishes_only_its_result_with_a_greater_seq_than_any_first_pass() -> None:
    bus: Any = Notes()
    first = Progress(bus, "abc123", Task.BEAT_ANALYSIS, run=0, attempt=1)
    better = RefinementProgress(bus, "abc123", Task.BEAT_ANALYSIS, run=0, attempt=1)
    await first.completed(RHYTHM, submitted())
    await better.started(submitted().song)
    await better.report(0.5)
    await better.previewed(3)
    await better.failed(PermanentError("No such luck"))
    await better.completed(REFINED, submitted())
    one, two = bus.events
    assert isinstance(one, TaskCompleted)
    assert isinstance(two, TaskCompleted)
    assert (one.refined, two.refined, two.result) == (False, True, REFINED)
    assert two.seq > one.seq
