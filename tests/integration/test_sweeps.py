"""Sweeps for stalled tasks, expired jobs and orphans, on a real broker and database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.settings import Settings
from services.status.sweeps.orphans import Orphans
from services.status.sweeps.stalled import recover_stalled_tasks
from services.status.sweeps.sweeper import Sweeper
from shared.broker.bus import Bus
from shared.events import Event, JobExpired, JobSubmitted, TaskFailed, TasksRerun, decode
from shared.job import Job, ready
from shared.storage.job_files import SONG, Storage
from shared.tasks import Task
from tests.fakes import JOB_ID, completed, failed, progressed, started, submitted
from tests.system import Listener, recent, until

BEATS, STEMS, WORDS = Task.BEAT_ANALYSIS, Task.STEM_SEPARATION, Task.TRANSCRIPTION
AT_ONCE = timedelta(0)
Change = Callable[[], Awaitable[None]]


async def test_an_expired_job_loses_its_files_and_its_document(bus: Bus, store: Store, storage: Storage) -> None:
    old, young = recent(submitted(), hours=25), recent(submitted(job_id="young"))
    for job in (old, young):
        await storage.put(f"{job.job_id}/{SONG}", b"a song")
        await storage.put_manifest(job)
        await store.fold([job])
    await Sweeper(bus, store, storage, Settings()).sweep()
    assert await store.get(JOB_ID) is None
    assert await storage.head(f"{JOB_ID}/{SONG}") is None
    assert await storage.manifest(JOB_ID) is None
    assert await store.get("young") is not None
    assert await storage.manifest("young") == young


async def test_events_that_arrive_after_the_removal_are_removed_as_well(
    bus: Bus, store: Store, storage: Storage
) -> None:
    await store.fold([completed(BEATS)])  # years old, and without a submission
    await Sweeper(bus, store, storage, Settings()).sweep()
    assert await store.get(JOB_ID) is None


async def test_a_silent_task_fails(bus: Bus, store: Store, listener: Listener) -> None:
    await store.fold([submitted(BEATS), started(BEATS), progressed(BEATS, 40, seq=3)])
    await recover_stalled_tasks(bus, store, timedelta(minutes=30))
    assert await bus.backlog("status") == 0
    await recover_stalled_tasks(bus, store, AT_ONCE)
    failure = (await listener.until(TaskFailed))[-1]
    assert isinstance(failure, TaskFailed)
    assert (failure.task, failure.error_code, failure.attempt, failure.seq) == (BEATS, "task_silent", 1, 4)


async def test_no_task_is_silent_while_events_wait_to_be_folded(bus: Bus, store: Store, storage: Storage) -> None:
    await store.fold([recent(submitted(BEATS)), started(BEATS)])
    sweeper = Sweeper(bus, store, storage, Settings(silence_minutes=1e-6))
    await bus.publish(completed(BEATS))
    for _ in range(2):
        await sweeper.sweep()
    assert await bus.backlog("status") == 1  # only the completion
    async with Consumer(bus, store).consuming():
        await until(lambda: bus.backlog("status"), 0)
    for _ in range(2):
        await sweeper.sweep()
    assert await bus.backlog("status") == 0


async def test_a_silent_task_fails_at_the_second_sweep(bus: Bus, store: Store, storage: Storage) -> None:
    await store.fold([recent(submitted(BEATS)), started(BEATS)])
    sweeper = Sweeper(bus, store, storage, Settings(silence_minutes=1e-6))
    await sweeper.sweep()
    assert await bus.backlog("status") == 0
    await sweeper.sweep()
    assert await bus.backlog("status") == 1


@pytest.mark.parametrize(
    ("history", "lost", "announced"),
    [
        ([submitted()], {STEMS, BEATS}, JobSubmitted),
        ([submitted(), started(STEMS), completed(STEMS), completed(BEATS)], {WORDS}, JobSubmitted),
        (
            [
                submitted(BEATS),
                failed(BEATS),
                TasksRerun(job_id=JOB_ID, at=datetime.now(UTC), run=1, tasks=(BEATS,)),
            ],
            {BEATS},
            TasksRerun,
        ),
        ([submitted(), failed(STEMS), completed(BEATS)], set(), None),
        ([submitted(STEMS), completed(STEMS)], set(), None),
    ],
    ids=["submission", "transcription", "retry", "skipped", "completed"],
)
async def test_a_task_whose_message_was_lost_is_published_again(
    bus: Bus, store: Store, listener: Listener, history: list[Event], lost: set[Task], announced: type[Event]
) -> None:
    await store.fold(history)
    await recover_stalled_tasks(bus, store, AT_ONCE)
    for task in Task:
        assert await bus.backlog(task.queue) == (task in lost)
        if task in lost:
            assert isinstance(decode(await listener.body(task.queue)), announced)


async def test_a_task_that_waits_in_its_queue_is_not_published_again(bus: Bus, store: Store) -> None:
    song = submitted(BEATS)
    await bus.publish(song, ready(song, song))
    await store.fold([song])
    await recover_stalled_tasks(bus, store, AT_ONCE)
    assert await bus.backlog(BEATS.queue) == 1


@pytest.fixture
def during_the_sweep(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """Return a function that sets what happens after the sweep has read a job."""

    def set_change(change: Change) -> None:
        silent_for = store.silent_for

        async def outdated(silence: timedelta) -> AsyncIterator[Job]:
            async for job in silent_for(silence):
                await change()
                yield job

        monkeypatch.setattr(store, "silent_for", outdated)

    return set_change


async def test_a_task_that_starts_during_the_sweep_is_not_published_again(
    bus: Bus, store: Store, during_the_sweep: Callable[[Change], None]
) -> None:
    await store.fold([submitted(BEATS)])
    during_the_sweep(lambda: store.fold([started(BEATS)]))
    await recover_stalled_tasks(bus, store, AT_ONCE)
    assert await bus.backlog(BEATS.queue) == 0


async def test_a_task_that_returns_to_its_queue_during_the_sweep_is_not_published_again(
    bus: Bus, store: Store, during_the_sweep: Callable[[Change], None]
) -> None:
    song = submitted(BEATS)
    await store.fold([song])
    during_the_sweep(lambda: bus.publish(song, (BEATS,)))
    await recover_stalled_tasks(bus, store, AT_ONCE)
    assert await bus.backlog(BEATS.queue) == 1


async def test_files_without_a_job_are_removed_and_an_accepted_job_is_restored(
    bus: Bus, store: Store, storage: Storage
) -> None:
    lost = recent(submitted(job_id="lost"))
    for job_id in ("lost", "orphan", "known"):
        await storage.put(f"{job_id}/{SONG}", b"a song")
    await storage.put_manifest(lost)
    await storage.mark_announced("lost")
    await storage.put_manifest(recent(submitted(job_id="orphan")))
    await store.fold([recent(submitted(job_id="known"))])
    await Orphans(bus, store, storage, timedelta(hours=1)).sweep()
    assert await storage.head(f"orphan/{SONG}")  # too recent to be an orphan
    await Orphans(bus, store, storage, AT_ONCE).sweep()
    assert not await storage.head(f"orphan/{SONG}")
    assert await storage.head(f"known/{SONG}")
    restored = await store.get("lost")
    assert restored
    assert restored.submission == lost


async def test_a_job_without_files_expires(bus: Bus, store: Store, storage: Storage, listener: Listener) -> None:
    await store.fold([recent(submitted(job_id="whole")), recent(submitted())])
    await storage.put_manifest(recent(submitted(job_id="whole")))
    await Orphans(bus, store, storage, AT_ONCE).sweep()
    expired = await listener.until(JobExpired)
    assert [event.job_id for event in expired] == [JOB_ID]
    await store.fold(expired)
    await Sweeper(bus, store, storage, Settings()).sweep()
    assert await store.get(JOB_ID) is None
    assert await store.get("whole") is not None


async def test_no_file_is_an_orphan_while_events_wait_to_be_folded(bus: Bus, store: Store, storage: Storage) -> None:
    song = recent(submitted())
    await storage.put(f"{JOB_ID}/{SONG}", b"a song")
    await bus.publish(song)
    await Orphans(bus, store, storage, AT_ONCE).sweep()
    assert await storage.head(f"{JOB_ID}/{SONG}")
    async with Consumer(bus, store).consuming():
        pass
