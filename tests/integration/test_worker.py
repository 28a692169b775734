"""The settlement rules of a worker, on a real broker, with a real child process."""

import asyncio
import os
import signal
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from shared.broker.delivery import Delivery, is_connection_lost, redelivery_copy
from shared.broker.topology import dead_letter_queue
from shared.errors import StorageUnavailableError
from shared.events import Event, JobCancelled, JobSubmitted, TaskCompleted, TaskFailed, TaskProgressed, TaskStarted
from shared.storage.job_files import Storage
from shared.tasks import Task
from shared.web.health import State
from shared.worker import worker
from shared.worker.task_runner import TaskRunner
from shared.worker.worker import Worker
from tests.fakes import JOB_ID, RHYTHM, submitted
from tests.outage import unavailable
from tests.system import Bench, Listener, until

BEATS = Task.BEAT_ANALYSIS


@pytest.fixture
async def bench(bench: Bench) -> Bench:
    await bench.submit()
    return bench


async def test_a_task_starts_progresses_and_completes(bench: Bench, listener: Listener) -> None:
    async with bench.worker("succeed_on_signal") as worker:
        events = await listener.until(TaskProgressed)
        assert worker.health.state is State.BUSY
        (bench.root / "done").touch()
        events += await listener.until(TaskCompleted)
    kinds = list(dict.fromkeys(event.type for event in events))
    assert kinds == ["job_submitted", "task_started", "task_progressed", "task_completed"]
    assert [event.seq for event in events if isinstance(event, TaskStarted | TaskProgressed)][:2] == [0, 1]
    assert await bench.storage.get(f"{JOB_ID}/{RHYTHM.beats}") == b"a song"


async def test_bad_input_fails_the_task_at_once(bench: Bench, listener: Listener) -> None:
    async with bench.worker("refuse"):
        failure = (await listener.until(TaskFailed))[-1]
    assert isinstance(failure, TaskFailed)
    assert (failure.attempt, failure.error_code) == (1, "unknown_model")
    assert (failure.summary, failure.error) == ("Unknown separation model", "Unknown separation model: nonesuch")


async def test_a_task_survives_the_death_of_its_child(bench: Bench, listener: Listener) -> None:
    async with bench.worker("die_once"):
        done = (await listener.until(TaskCompleted))[-1]
    assert isinstance(done, TaskCompleted)
    assert done.attempt == 2


async def test_a_child_that_dies_while_idle_is_replaced(bench: Bench, listener: Listener) -> None:
    async with bench.worker("succeed") as worker:
        await listener.until(TaskCompleted)
        os.kill(await worker.runner.compute.run("os:getpid"), signal.SIGKILL)
        await bench.submit()
        await listener.until(TaskCompleted)


async def test_an_unexpected_error_costs_one_attempt(
    bench: Bench, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = bench.storage.manifest

    async def away(job_id: str) -> JobSubmitted | None:
        monkeypatch.setattr(bench.storage, "manifest", manifest)
        raise OSError("a bug")

    monkeypatch.setattr(bench.storage, "manifest", away)
    async with bench.worker("succeed"):
        done = (await listener.until(TaskCompleted))[-1]
    assert isinstance(done, TaskCompleted)
    assert done.attempt == 2


async def test_a_job_with_missing_files_fails_at_once(bench: Bench, listener: Listener) -> None:
    await bench.storage.delete_job(JOB_ID)
    async with bench.worker("succeed"):
        failure = (await listener.until(TaskFailed))[-1]
    assert isinstance(failure, TaskFailed)
    assert (failure.error_code, failure.attempt) == ("files_missing", 1)


async def test_the_result_of_a_job_that_was_deleted_meanwhile_is_not_stored(bench: Bench, listener: Listener) -> None:
    async with bench.worker("succeed_on_signal"):
        await listener.until(TaskProgressed)
        await bench.storage.delete_job(JOB_ID)
        (bench.root / "done").touch()
        failure = (await listener.until(TaskFailed))[-1]
    assert isinstance(failure, TaskFailed)
    assert failure.error_code == "files_missing"
    assert not (bench.root / JOB_ID).exists()


async def test_a_task_that_never_works_fails_after_its_last_attempt(bench: Bench, listener: Listener) -> None:
    async with bench.worker("always_break"):
        events = await listener.until(TaskFailed)
    assert [event.attempt for event in events if isinstance(event, TaskStarted)] == [1, 2, 3, 4]
    assert isinstance(events[-1], TaskFailed)
    assert events[-1].error_code == "internal_error"


async def test_an_unexpected_error_fails_the_task_after_its_last_attempt(
    bench: Bench, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def denied(self: Storage, key: str, path: Path) -> Path:
        raise PermissionError(key)

    monkeypatch.setattr(Storage, "fetch", denied)
    async with bench.worker("succeed"):
        events = await listener.until(TaskFailed)
    failure = events[-1]
    assert isinstance(failure, TaskFailed)
    assert (failure.error_code, failure.attempt) == ("internal_error", 4)


@pytest.fixture
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(worker, "MAX_PAUSE_SECONDS", 0.05)


def starts(events: list[Event]) -> list[int]:
    return [event.attempt for event in events if isinstance(event, TaskStarted)]


@pytest.mark.usefixtures("_short_pauses")
async def test_an_outage_of_the_storage_costs_no_attempt(bench: Bench, listener: Listener) -> None:
    with unavailable(bench.root):
        async with bench.worker("succeed") as running:
            await until(lambda: bench.bus.backlog("beats"), 1)
            await until(lambda: problem(running), "storage_unavailable")
            await asyncio.sleep(0.5)  # several pauses
            assert await bench.bus.backlog("beats") == 1  # returned, and taken by no worker that cannot do it
    async with bench.worker("succeed") as running:
        events = await listener.until(TaskCompleted)
        assert await problem(running) is None
    assert starts(events) == [1]


async def problem(running: Worker) -> str | None:
    return running.health.problem.code if running.health.problem else None


@pytest.mark.usefixtures("_short_pauses")
async def test_a_worker_continues_after_more_outages_than_a_task_has_attempts(
    bench: Bench, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, outages = bench.storage.manifest, iter(range(6))

    async def away(job_id: str) -> JobSubmitted | None:
        if next(outages, None) is not None:
            raise StorageUnavailableError("away")
        return await manifest(job_id)

    monkeypatch.setattr(bench.storage, "manifest", away)
    async with bench.worker("succeed") as running:
        assert starts(await listener.until(TaskCompleted)) == [1]
        await bench.submit()
        assert starts(await listener.until(TaskCompleted)) == [1]
        assert running.health.problem is None


async def test_a_result_waits_for_the_storage(
    bench: Bench, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, outages = bench.storage.put, iter(range(3))

    async def away(key: str, content: bytes | Path) -> None:
        if next(outages, None) is not None:
            raise StorageUnavailableError("away")
        await put(key, content)

    monkeypatch.setattr(bench.storage, "put", away)
    async with bench.worker("succeed"):
        assert starts(await listener.until(TaskCompleted)) == [1]
    assert await bench.storage.get(f"{JOB_ID}/{RHYTHM.beats}") == b"a song"


@pytest.mark.usefixtures("_short_pauses")
async def test_a_result_that_has_waited_too_long_is_computed_again_without_counting(
    bench: Bench, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = TaskRunner._store
    errors = iter([*[StorageUnavailableError("away")] * 5, RuntimeError("the first that counts")])

    async def away(*arguments: Any, **options: bool) -> bool:
        if error := next(errors, None):
            raise error
        return bool(await store(*arguments, **options))

    monkeypatch.setattr(TaskRunner, "_store", away)
    async with bench.worker("succeed"):
        assert starts(await listener.until(TaskCompleted)) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_delivery_of_a_lost_connection_is_left_to_the_broker(bench: Bench, amqp_url: str) -> None:
    async with bench.worker("succeed") as worker:
        pass
    await bench.submit()
    before = await bench.bus.backlog("beats")
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        message = await (await channel.get_queue("beats")).get()
    assert message
    assert is_connection_lost(message)
    await until(lambda: bench.bus.backlog("beats"), before)
    await worker._redeliver(message)
    assert await bench.bus.backlog("beats") == before  # no copy besides the message that the broker requeued


async def test_a_stopping_worker_finishes_its_task(bench: Bench, listener: Listener) -> None:
    leaving: AbstractAsyncContextManager[Worker] = bench.worker("succeed_on_signal")
    await leaving.__aenter__()
    await listener.until(TaskProgressed)
    left = asyncio.ensure_future(leaving.__aexit__(None, None, None))
    (bench.root / "done").touch()
    await listener.until(TaskCompleted)
    await left


async def test_a_worker_returns_its_task_uncounted_when_the_grace_period_ends(
    bench: Bench, listener: Listener, channel: AbstractChannel
) -> None:
    async with bench.worker("succeed_on_signal", grace_seconds=0.1):
        await listener.until(TaskProgressed)
    message = await (await channel.get_queue("beats")).get()
    assert message
    delivery = Delivery.of(message)
    assert (delivery.attempt, delivery.uncounted) == (2, 1)
    await message.nack()
    (bench.root / "done").touch()
    async with bench.worker("succeed_on_signal"):
        events: list[Event] = await listener.until(TaskCompleted)
    assert sum(isinstance(event, TaskCompleted) for event in events) == 1


async def test_a_copy_of_a_finished_task_is_not_run_again(
    bench: Bench, listener: Listener, channel: AbstractChannel
) -> None:
    """A broker delivers a message again when it has lost the acknowledgement."""
    message = await (await channel.get_queue("beats")).get()
    assert message
    for _ in range(2):
        await channel.default_exchange.publish(redelivery_copy(message, uncounted=False), "beats")
    await message.ack()
    async with bench.worker("succeed"):
        await listener.until(TaskCompleted)
        await until(lambda: bench.bus.backlog("beats"), 0)
    assert await bench.bus.backlog("status") == 0


async def test_a_task_that_is_cancelled_in_its_queue_is_not_started(bench: Bench, listener: Listener) -> None:
    queued = submitted(BEATS, job_id="queued")
    async with bench.worker("succeed_on_signal") as worker:

        async def is_known() -> bool:
            return queued.job_id in worker._cancelled

        await listener.until(TaskProgressed)
        await bench.bus.publish(queued, queued.options.tasks)
        await bench.bus.publish(JobCancelled(job_id=queued.job_id, at=datetime.now(UTC)))
        await until(is_known, wanted=True)
        (bench.root / "done").touch()
        await listener.until(TaskCompleted)
        await until(lambda: bench.bus.backlog("beats"), 0)
    assert await bench.bus.backlog("status") == 0  # not even a failure because of its missing files


async def test_an_undecodable_message_is_a_dead_letter_immediately(
    bench: Bench, listener: Listener, channel: AbstractChannel
) -> None:
    async with bench.worker("succeed"):
        await channel.default_exchange.publish(aio_pika.Message(b"\xff not an event"), "beats")
        assert await listener.body(dead_letter_queue("beats")) == b"\xff not an event"
        await listener.until(TaskCompleted)
