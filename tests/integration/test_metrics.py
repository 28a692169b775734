"""Metrics after real messages, attempts and folds."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.fold.outcome_counter import OutcomeCounter
from services.status.queue.reading import read_waiting
from services.status.queue.waiting import Waiting
from services.status.settings import Settings as StatusSettings
from services.status.sweeps.sweeper import Sweeper
from shared.broker.bus import Bus
from shared.events import Event, JobCancelled, TaskCompleted, TasksRerun
from shared.storage.job_files import Storage
from shared.tasks import Task
from tests.conftest import ROOT
from tests.fakes import JOB_ID, START, after, completed, failed, refined, started, submitted
from tests.system import Bench, Listener

STARTING = """
from unittest.mock import Mock
from prometheus_client import generate_latest
from services.gateway.jobs.submit import routes
from services.status.fold.consumer import Consumer
Consumer(Mock(), Mock())
routes(Mock(), Mock())
print(generate_latest().decode())
"""

BEATS, STEMS, WORDS = Task.BEAT_ANALYSIS, Task.STEM_SEPARATION, Task.TRANSCRIPTION


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"karaoke_{name}", labels) or 0.0


def ends() -> dict[str, float]:
    return {outcome: value("jobs_total", outcome=outcome) for outcome in ("completed", "failed", "cancelled")}


class Counted:
    """Growth of the counters since its creation."""

    def __init__(self) -> None:
        self._before = ends()

    def __call__(self) -> dict[str, float]:
        return {outcome: now - self._before[outcome] for outcome, now in ends().items() if now > self._before[outcome]}


async def fold(store: Store, *events: Event) -> None:
    await store.fold(events)
    await OutcomeCounter(store).count(events)


async def test_a_job_is_counted_when_its_last_task_ends_and_not_when_it_is_refined(store: Store) -> None:
    counted = Counted()
    await fold(store, submitted(STEMS, BEATS), completed(STEMS))
    assert counted() == {}
    await fold(store, completed(BEATS))
    await fold(store, refined(BEATS))
    assert counted() == {"completed": 1}


async def test_a_job_that_ends_with_several_events_of_one_batch_is_counted_once(store: Store) -> None:
    counted = Counted()
    await fold(store, submitted(STEMS, WORDS, BEATS), completed(BEATS), failed(STEMS))
    assert counted() == {"failed": 1}


async def test_ended_jobs_are_not_counted_while_the_database_is_unavailable() -> None:
    counted = Counted()
    async with Store.connected("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", "none") as store:
        await OutcomeCounter(store).count([completed(BEATS)])
    assert counted() == {}


def test_labels_are_initialized_to_zero() -> None:
    """Prometheus sees no increase in a counter that appears with the value 1, so there would be no alert."""
    ran = subprocess.run([sys.executable, "-c", STARTING], cwd=ROOT, check=True, capture_output=True, text=True)
    assert 'karaoke_dead_letters_total{queue="separator"} 0.0' in ran.stdout
    assert 'karaoke_jobs_total{outcome="failed"} 0.0' in ran.stdout
    assert 'karaoke_uploads_total{code="storage_full"} 0.0' in ran.stdout


async def test_a_job_is_counted_again_when_its_next_run_ends(store: Store) -> None:
    counted = Counted()
    await fold(store, submitted(BEATS), failed(BEATS))
    await fold(store, TasksRerun(job_id=JOB_ID, at=after(90), run=1, tasks=(BEATS,)))
    await fold(store, completed(BEATS, at=100, run=1))
    assert counted() == {"failed": 1, "completed": 1}


async def test_a_cancelled_job_counts_as_neither_failed_nor_completed(store: Store) -> None:
    counted = Counted()
    await fold(store, submitted(BEATS), started(BEATS), JobCancelled(job_id=JOB_ID, at=after(5)))
    assert counted() == {"cancelled": 1}


async def test_folding_counts_ended_jobs_and_measures_the_delay_of_events(bus: Bus, store: Store) -> None:
    counted, seen = Counted(), value("event_visible_seconds_count")
    late = value("event_visible_seconds_bucket", le="60.0")
    now = datetime.now(UTC)
    async with Consumer(bus, store).consuming():
        for event in (submitted(BEATS), completed(BEATS)):  # long ago
            await bus.publish(event)
        await bus.publish(started(BEATS).model_copy(update={"at": now}))
        async with asyncio.timeout(20):
            while value("event_visible_seconds_count") < seen + 3 or not counted():  # noqa: ASYNC110 -- nothing to await
                await asyncio.sleep(0.02)
    assert counted() == {"completed": 1}
    assert value("event_visible_seconds_bucket", le="60.0") == late + 1


async def test_waiting_tasks_are_those_that_could_start(store: Store) -> None:
    now = datetime.now(UTC)
    assert set((await read_waiting(store)).values()) == {Waiting(0, 0.0)}
    await store.fold([submitted(job_id="a"), submitted(BEATS, job_id="b"), submitted(BEATS, job_id="over")])
    await store.fold([event.model_copy(update={"job_id": "over"}) for event in (started(BEATS), completed(BEATS))])
    waiting = await read_waiting(store)
    assert {task: waiting[task].tasks for task in Task} == {STEMS: 1, WORDS: 0, BEATS: 2}
    assert waiting[STEMS].seconds == pytest.approx((now - START).total_seconds(), abs=60)
    await store.fold([e.model_copy(update={"job_id": "a"}) for e in (started(BEATS), started(STEMS))])
    assert {task: found.tasks for task, found in (await read_waiting(store)).items()} == {STEMS: 0, WORDS: 0, BEATS: 1}
    separated = completed(STEMS).model_copy(update={"job_id": "a", "at": now - timedelta(minutes=7)})
    await store.fold([separated])
    assert (await read_waiting(store))[WORDS].seconds == pytest.approx(7 * 60, abs=60)


async def test_a_retried_task_is_waiting(store: Store) -> None:
    now = datetime.now(UTC)
    await store.fold([submitted(STEMS, WORDS), completed(STEMS), failed(WORDS)])
    assert (await read_waiting(store))[WORDS].tasks == 0
    await store.fold([TasksRerun(job_id=JOB_ID, at=now, run=1, tasks=(WORDS,))])
    again = (await read_waiting(store))[WORDS]
    assert again.tasks == 1
    assert again.seconds < 60
    await store.fold([JobCancelled(job_id=JOB_ID, at=now)])
    assert (await read_waiting(store))[WORDS].tasks == 0


async def test_the_sweeper_exports_the_waiting_tasks(bus: Bus, store: Store, storage: Storage) -> None:
    await store.fold([submitted(BEATS).model_copy(update={"at": datetime.now(UTC) - timedelta(minutes=3)})])
    await Sweeper(bus, store, storage, StatusSettings()).sweep()
    assert value("tasks_waiting", task=BEATS) == 1
    assert value("queue_lag_seconds", task=BEATS) == pytest.approx(180, abs=30)


async def test_the_phases_of_an_attempt_are_measured(bench: Bench, listener: Listener) -> None:
    phases = ("queue", "load", "compute", "write")
    before = {name: value("task_phase_seconds_count", task=BEATS, phase=name) for name in phases}
    audio = value("audio_seconds_total", task=BEATS)
    await bench.submit()
    async with bench.worker("succeed"):
        await listener.until(TaskCompleted)
    after = {name: value("task_phase_seconds_count", task=BEATS, phase=name) - before[name] for name in phases}
    assert after == dict.fromkeys(phases, 1)
    assert value("audio_seconds_total", task=BEATS) == audio + submitted().song.audio_duration


async def test_a_repeated_attempt_is_counted_with_its_cause(bench: Bench, listener: Listener) -> None:
    waits = value("task_phase_seconds_count", task=BEATS, phase="queue")
    repeated, why = value("tasks_total", task=BEATS, outcome="retried"), {"task": BEATS, "code": "compute_failed"}
    died = value("task_errors_total", **why)
    await bench.submit()
    async with bench.worker("die_once"):
        await listener.until(TaskCompleted)
    assert value("tasks_total", task=BEATS, outcome="retried") == repeated + 1
    assert value("task_errors_total", **why) == died + 1
    assert value("task_phase_seconds_count", task=BEATS, phase="queue") == waits + 1
