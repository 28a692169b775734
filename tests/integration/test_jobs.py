"""Cancellation, retry and idempotent submission, with a gateway, status and a worker on a real broker and database."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.gateway.jobs import cancel
from services.gateway.jobs.submit import Submissions
from services.status.database.store import Store
from services.status.settings import Settings as StatusSettings
from services.status.sweeps.sweeper import Sweeper
from shared.broker.bus import Bus
from shared.errors import StorageFullError
from shared.events import JobCancelled, JobExpired
from shared.storage.job_files import SONG, Storage
from shared.tasks import Task
from tests.audio import tone
from tests.fakes import completed, failed
from tests.system import System, gateway, status_service, submit, until

STEMS, WORDS, BEATS = Task


async def test_cancelling_a_job_stops_its_running_task(system: System) -> None:
    async with system.worker("succeed_on_signal"):
        job_id = await system.submit()
        await until(lambda: system.status(job_id), "processing")
        assert (await system.client.delete(f"/api/jobs/{job_id}")).status_code == 204
        next_job = await system.submit()
        await until(lambda: system.status(next_job), "processing")  # it needs a new child process
        (system.root / "done").touch()
        await until(lambda: system.status(next_job), "completed")
    document = await system.document(job_id)
    assert (document["status"], document["error_code"]) == ("failed", "cancelled")
    assert not (system.root / job_id).exists()


async def test_a_queued_task_of_a_cancelled_job_is_never_started(system: System) -> None:
    job_id = await system.submit()
    for _ in range(2):
        assert (await system.client.delete(f"/api/jobs/{job_id}")).status_code == 204
    async with system.worker("succeed"):
        other = await system.submit()
        await until(lambda: system.status(other), "completed")
    document = await system.document(job_id)
    assert (document["error_code"], document["beat_analysis"]["status"]) == ("cancelled", "skipped")
    assert await system.storage.head(f"{job_id}/{SONG}") is None


async def test_a_job_that_could_not_be_cancelled_keeps_its_files(
    system: System, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancel, "PUBLISH_SECONDS", 0.1)
    job_id = await system.submit()
    async with (
        Bus("amqp://127.0.0.1:1", "test") as unreachable,
        status_service(store, system.storage) as url,
        gateway(unreachable, system.storage, status_url=url) as client,
    ):
        answer = await client.delete(f"/api/jobs/{job_id}")
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")
    async with system.worker("succeed"):
        await until(lambda: system.status(job_id), "completed")


async def test_only_a_failed_job_can_be_retried(system: System) -> None:
    job_id = await system.submit()
    assert (await system.client.post(f"/api/jobs/{job_id}/retry")).status_code == 409
    async with system.worker("refuse"):
        await until(lambda: system.status(job_id), "failed")
    async with system.worker("succeed"):
        assert (await system.client.post(f"/api/jobs/{job_id}/retry")).status_code == 202
        await until(lambda: system.status(job_id), "completed")
    document = await system.document(job_id)
    assert (document["run"], document["error_message"]) == (1, None)
    assert (await system.client.post(f"/api/jobs/{job_id}/retry")).status_code == 409


async def test_a_retry_runs_failed_and_skipped_tasks_and_keeps_completed_ones(system: System, store: Store) -> None:
    job_id = str((await submit(system.client, tone(2))).json()["job_id"])
    for event in (failed(STEMS), completed(BEATS)):
        await system.bus.publish(event.model_copy(update={"job_id": job_id}))
    await until(lambda: system.status(job_id), "failed")
    assert (await system.client.post(f"/api/jobs/{job_id}/retry")).status_code == 202
    await until(lambda: system.status(job_id), "processing")
    job = await store.get(job_id)
    assert job
    assert {task: job.run(task) for task in Task} == {STEMS: 1, WORDS: 1, BEATS: 0}
    assert job.states() == {STEMS: "queued", WORDS: "queued", BEATS: "completed"}


async def test_the_same_idempotency_key_gives_the_same_job(system: System) -> None:
    first, again = await system.submit("my key"), await system.submit("my key")
    assert first == again != await system.submit("another key")
    async with system.worker("succeed"):
        await until(lambda: system.status(first), "completed")
    assert (await system.document(first))["beat_analysis"]["attempt"] == 1
    await system.client.delete(f"/api/jobs/{first}")
    assert await system.submit("my key") == first
    await until(lambda: system.status(first), "failed")


async def test_a_job_that_was_never_published_is_published_by_the_next_submission(system: System) -> None:
    job_id = await system.submit("my key")
    await system.bus.publish(JobCancelled(job_id="nobody", at=datetime.now(UTC)))  # cancels another job
    await system.storage.put(f"{job_id}/announced", b"")
    (system.root / job_id / "announced").unlink()
    assert await system.submit("my key") == job_id
    assert (system.root / job_id / "announced").exists()


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/api/jobs/nonesuch"), ("POST", "/api/jobs/nonesuch/retry")])
async def test_an_unknown_job_can_be_neither_cancelled_nor_retried(system: System, method: str, path: str) -> None:
    answer = await system.client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


async def test_a_silent_task_fails_and_a_late_result_still_completes_it(system: System, store: Store) -> None:
    job_id = await system.submit()
    async with system.worker("succeed_on_signal"):
        await until(lambda: system.status(job_id), "processing")
        silence = timedelta(seconds=0.01).total_seconds() / 60
        settings = StatusSettings(silence_minutes=silence, janitor_seconds=0.1)
        sweeping = asyncio.create_task(Sweeper(system.bus, store, system.storage, settings).sweep_forever())
        await until(lambda: system.status(job_id), "failed")
        sweeping.cancel()
        assert (await system.document(job_id))["beat_analysis"]["error_code"] == "task_silent"
        (system.root / "done").touch()  # the worker was alive after all; a completion outranks a failure
        await until(lambda: system.status(job_id), "completed")


async def test_simultaneous_submissions_with_the_same_key_are_one_job(system: System) -> None:
    job_ids = await asyncio.gather(*(system.submit("my key") for _ in range(5)))
    assert len(set(job_ids)) == 1
    assert await system.bus.backlog(BEATS.queue) == 1


async def test_a_failed_submission_at_a_second_gateway_does_not_affect_the_first_job(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await system.submit("my key")

    async def not_yet(self: Submissions, job_id: str) -> bool:
        return False

    async def full(self: Storage, key: str, content: bytes | Path) -> None:
        raise StorageFullError("The disk is full")

    with monkeypatch.context() as second:
        second.setattr(Submissions, "_is_submitted", not_yet)
        second.setattr(Storage, "put", full)
        files = {"file": ("song.wav", tone(2))}
        answer = await system.client.post("/api/process", files=files, headers={"Idempotency-Key": "my key"})
    assert answer.status_code == 507
    async with system.worker("succeed"):
        await until(lambda: system.status(job_id), "completed")


async def test_a_key_cannot_be_used_again_until_its_expired_job_is_removed(system: System, store: Store) -> None:
    job_id = await system.submit("my key")
    await store.fold([JobExpired(job_id=job_id, at=datetime.now(UTC))])
    files = {"file": ("song.wav", tone(2))}
    answer = await system.client.post("/api/process", files=files, headers={"Idempotency-Key": "my key"})
    assert (answer.status_code, answer.json()["code"]) == (503, "expiring")
    await system.storage.delete_job(job_id)
    await store.delete(job_id)
    assert await system.submit("my key") == job_id


async def test_a_cancelled_job_cannot_be_retried_even_while_it_has_files(system: System) -> None:
    job_id = await system.submit()
    await system.bus.publish(JobCancelled(job_id=job_id, at=datetime.now(UTC)))
    await until(lambda: system.status(job_id), "failed")
    assert (await system.client.post(f"/api/jobs/{job_id}/retry")).status_code == 409
