"""Beats are analysed again when the drums exist: on a real broker and storage, with real child processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.broker.bus import Bus
from shared.events import (
    Event,
    JobCancelled,
    JobSubmitted,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskProgressed,
    TaskStarted,
)
from shared.job import fold_all, ready
from shared.storage.job_files import SONG, Storage
from shared.tasks import Task
from shared.telemetry.metrics import TASKS
from shared.view import view
from shared.web.health import State
from shared.worker.worker import Worker
from tests.fakes import JOB_ID, REFINED, RHYTHM, completed, submitted
from tests.system import Listener, until, worker

STEMS, _, BEATS = Task
OTHER = "other"


class Bench:
    """Songs submitted for stems and beats; `separate` completes the separation."""

    def __init__(self, bus: Bus, storage: Storage, root: Path) -> None:
        self.bus = bus
        self.storage = storage
        self.root = root

    async def store(self, job_id: str = JOB_ID) -> JobSubmitted:
        song = submitted(STEMS, BEATS, job_id=job_id)
        await self.storage.put(f"{job_id}/{SONG}", b"the song")
        await self.storage.put_manifest(song)
        return song

    async def submit(self, job_id: str = JOB_ID) -> None:
        song = await self.store(job_id)
        await self.bus.publish(song, {BEATS} & {*ready(song, song)})

    async def separate(self, run: int = 0) -> None:
        await self.storage.put(f"{JOB_ID}/drums.wav", b"the drums")
        done = completed(STEMS, run=run)
        await self.bus.publish(done, ready(submitted(STEMS, BEATS), done))

    @asynccontextmanager
    async def worker(self, engine: str) -> AsyncIterator[Worker]:
        async with worker(BEATS, engine, self.bus, self.storage, self.root) as running:
            yield running

    async def beats(self) -> bytes:
        return await self.storage.get(f"{JOB_ID}/{RHYTHM.beats}")


@pytest.fixture
def bench(bus: Bus, storage: Storage, tmp_path: Path) -> Bench:
    return Bench(bus, storage, tmp_path / "storage")


async def received(listener: Listener, count: int = 1) -> list[Event]:
    """Return the events that status would receive, up to this number of beat analysis results."""
    events: list[Event] = []
    while len(results(events)) < count:
        events += await listener.until(TaskCompleted)
    return events


def results(events: list[Event]) -> list[TaskCompleted]:
    return [event for event in events if isinstance(event, TaskCompleted) and event.task is BEATS]


async def test_the_first_result_is_published_immediately_and_replaced_when_the_drums_exist(
    bench: Bench, listener: Listener
) -> None:
    await bench.submit()
    async with bench.worker("analyse"):
        events = await received(listener)
        assert await bench.beats() == b"the song"
        await bench.separate()
        events += await received(listener)
    kinds = [event.type for event in events if isinstance(event, TaskEvent) and event.task is BEATS]
    assert kinds == ["task_started", "task_completed", "task_completed"]
    first, second = results(events)
    assert (first.refined, first.result) == (False, RHYTHM)
    assert (second.refined, second.result) == (True, REFINED)
    assert second.seq > first.seq
    assert await bench.beats() == b"the drums"
    assert fold_all(events).event(BEATS) == second


async def test_copies_of_replaced_files_are_deleted_and_other_files_stay(bench: Bench, listener: Listener) -> None:
    await bench.submit()
    async with bench.worker("analyse"):
        await received(listener)
        for name in ("click.mp3", "vocals.mp3", "drums.mp3"):
            await bench.storage.put(f"{JOB_ID}/{name}", b"a copy")
        await bench.separate()
        await received(listener)
    there = (await bench.storage.sizes(JOB_ID)).keys()
    assert "click.mp3" not in there
    assert {"click.flac", "vocals.mp3", "drums.mp3", "drums.wav"} <= there


async def test_a_first_pass_after_the_refinement_changes_nothing(bench: Bench, listener: Listener) -> None:
    song = await bench.store()
    await bench.separate()
    async with bench.worker("analyse"):
        events = [song, *await received(listener)]
        shown = view(fold_all(events))
        assert shown.beat_analysis.status == "completed"
        await bench.submit()
        events += await received(listener)
    assert [e.refined for e in results(events)] == [True, False]
    assert view(fold_all(events)).beat_analysis == shown.beat_analysis
    assert await bench.beats() == b"the drums"


async def test_a_late_first_pass_uses_the_drums_and_is_not_refined_again(bench: Bench, listener: Listener) -> None:
    await bench.submit()
    await bench.separate()
    await bench.submit(OTHER)
    async with bench.worker("analyse"):
        events = await received(listener, 2)
    assert [(e.job_id, e.refined, e.result) for e in results(events)] == [
        (JOB_ID, False, REFINED),
        (OTHER, False, RHYTHM),
    ]
    assert await bench.beats() == b"the drums"


async def test_a_first_pass_that_ends_after_the_refinement_keeps_the_refined_files(
    bench: Bench, listener: Listener
) -> None:
    await bench.submit()
    async with bench.worker("analyse_on_signal"):
        events = await listener.until(TaskProgressed)
        await bench.separate()
        async with bench.worker("analyse"):
            events += await received(listener)
        (bench.root / "done").touch()
        events += await received(listener)
    better, late = results(events)
    assert (better.refined, late.refined) == (True, False)
    assert await bench.beats() == b"the drums"
    assert fold_all(events).event(BEATS) == better


@pytest.mark.parametrize("engine", ["refuse_drums", "break_on_drums"])
async def test_a_failed_refinement_leaves_the_first_result(bench: Bench, listener: Listener, engine: str) -> None:
    failures = TASKS.labels(BEATS, "not_refined")
    before = failures._value.get()

    async def has_failed() -> bool:
        return bool(failures._value.get() > before)

    await bench.submit()
    async with bench.worker(engine):
        await received(listener)
        await bench.separate()
        await until(has_failed, wanted=True)
        await bench.submit(OTHER)
        events = await received(listener)
    assert not any(isinstance(event, TaskFailed) for event in events)
    assert [e.job_id for e in results(events)] == [OTHER]
    assert await bench.beats() == b"the song"


async def test_a_refinement_whose_files_could_not_be_stored_is_repeated(
    bench: Bench, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Storage.put

    async def away(self: Storage, key: str, content: bytes | Path) -> None:
        if key.endswith(RHYTHM.beats):
            monkeypatch.setattr(Storage, "put", put)
            raise OSError("storage is away")
        await put(self, key, content)

    await bench.submit()
    async with bench.worker("analyse"):
        await received(listener)
        await bench.separate()
        monkeypatch.setattr(Storage, "put", away)
        (second,) = results(await received(listener))
    assert (second.refined, second.attempt) == (True, 2)
    assert await bench.beats() == b"the drums"


async def test_a_repeated_separation_refines_the_beats_in_its_run(bench: Bench, listener: Listener) -> None:
    await bench.submit()
    async with bench.worker("analyse"):
        await received(listener)
        await bench.separate(run=1)
        (second,) = results(await received(listener))
    assert (second.refined, second.run) == (True, 1)


async def test_a_cancellation_stops_a_running_refinement(bench: Bench, listener: Listener) -> None:
    await bench.store()
    await bench.separate()
    async with bench.worker("analyse_on_signal") as worker:

        async def state() -> State:
            return worker.health.state

        await until(state, State.BUSY)
        await bench.bus.publish(JobCancelled(job_id=JOB_ID, at=datetime.now(UTC)))
        await bench.storage.delete_job(JOB_ID)  # as the gateway does
        await until(state, State.READY)
        (bench.root / "done").touch()
        await bench.submit(OTHER)
        events = await received(listener)
    assert [e.job_id for e in results(events)] == [OTHER]
    assert not (bench.root / JOB_ID).exists()


async def test_the_refinement_of_a_deleted_job_does_not_start_and_causes_no_failure(
    bench: Bench, listener: Listener
) -> None:
    await bench.store()
    await bench.separate()
    await bench.storage.delete_job(JOB_ID)
    await bench.submit(OTHER)
    async with bench.worker("analyse"):
        events = await received(listener)
    assert [e.job_id for e in results(events)] == [OTHER]
    assert not any(isinstance(event, TaskStarted | TaskFailed) and event.job_id == JOB_ID for event in events)
    assert not (bench.root / JOB_ID).exists()
