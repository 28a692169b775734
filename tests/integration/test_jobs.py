"""Cancel, retry and submit again: gateway, status and a worker on a real broker and a real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.gateway.jobs.submit import Submissions
from services.status.database.store import Store
from services.status.settings import Settings as StatusSettings
from services.status.sweeps.sweeper import Sweeper
from shared.errors import StorageFullError
from shared.events import JobCancelled, JobExpired, Task
from shared.storage.job_files import SONG, Storage
from tests.audio import tone
from tests.system import System, until

BEATS = Task.BEAT_ANALYSIS


async def test_a_running_task_is_stopped_by_its_cancellation(system: System) -> None:
    async with system.worker("work_until_told"):
        job_id = await system.submit()
        await until(lambda: system.status(job_id), "processing")
        assert (await system.client.delete(f"/api/jobs/{job_id}")).status_code == 204
        next_job = await system.submit()
        await until(lambda: system.status(next_job), "processing", within=4)  # it needs the same child, afresh
        (system.root / "done").touch()
        await until(lambda: system.status(next_job), "completed")
    document = await system.document(job_id)
    assert (document["status"], document["error_code"]) == ("failed", "cancelled")
    assert not (system.root / job_id).exists()


async def test_queued_work_of_a_cancelled_job_is_never_started(system: System) -> None:
    job_id = await system.submit()
    for _ in range(2):
        assert (await system.client.delete(f"/api/jobs/{job_id}")).status_code == 204
    async with system.worker("succeed"):
        other = await system.submit()
        await until(lambda: system.status(other), "completed")
    document = await system.document(job_id)
    assert (document["error_code"], document["beat_analysis"]["status"]) == ("cancelled", "skipped")
    assert await system.storage.head(f"{job_id}/{SONG}") is None


async def test_only_a_failed_job_can_be_retried_and_then_runs_again(system: System) -> None:
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


async def test_the_same_key_gives_the_same_job_and_does_its_work_once(system: System) -> None:
    first, again = await system.submit("my key"), await system.submit("my key")
    assert first == again != await system.submit("another key")
    async with system.worker("succeed"):
        await until(lambda: system.status(first), "completed")
    assert (await system.document(first))["beat_analysis"]["attempt"] == 1
    await system.client.delete(f"/api/jobs/{first}")
    assert await system.submit("my key") == first
    await until(lambda: system.status(first), "failed")


async def test_a_job_that_a_gateway_left_unannounced_is_announced_by_the_next_try(system: System) -> None:
    job_id = await system.submit("my key")
    await system.bus.publish(JobCancelled(job_id="nobody", at=datetime.now(UTC)))  # others' cancellations do no harm
    await system.storage.put(f"{job_id}/announced", b"")
    (system.root / job_id / "announced").unlink()
    assert await system.submit("my key") == job_id
    assert (system.root / job_id / "announced").exists()


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/api/jobs/nonesuch"), ("POST", "/api/jobs/nonesuch/retry")])
async def test_a_job_that_is_not_there_can_neither_be_cancelled_nor_retried(
    system: System, method: str, path: str
) -> None:
    answer = await system.client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


async def test_a_task_of_which_nothing_is_heard_fails(system: System, store: Store) -> None:
    job_id = await system.submit()
    async with system.worker("work_until_told"):
        await until(lambda: system.status(job_id), "processing")
        silence = timedelta(seconds=0.01).total_seconds() / 60
        settings = StatusSettings(silence_minutes=silence, janitor_seconds=0.1)
        sweeping = asyncio.create_task(Sweeper(system.bus, store, system.storage, settings).sweep_forever())
        await until(lambda: system.status(job_id), "failed")
        sweeping.cancel()
        assert (await system.document(job_id))["beat_analysis"]["error_code"] == "task_silent"
        (system.root / "done").touch()  # it was not dead after all, and completing outranks having been given up
        await until(lambda: system.status(job_id), "completed")


async def test_the_same_key_at_the_same_time_is_one_job_done_once(system: System) -> None:
    job_ids = await asyncio.gather(*(system.submit("my key") for _ in range(5)))
    assert len(set(job_ids)) == 1
    assert await system.bus.backlog(BEATS.queue) == 1


async def test_what_fails_at_a_second_gateway_leaves_the_job_of_the_first_alone(
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


async def test_a_key_whose_job_has_expired_waits_for_its_removal(system: System, store: Store) -> None:
    job_id = await system.submit("my key")
    await store.fold([JobExpired(job_id=job_id, at=datetime.now(UTC))])
    files = {"file": ("song.wav", tone(2))}
    answer = await system.client.post("/api/process", files=files, headers={"Idempotency-Key": "my key"})
    assert (answer.status_code, answer.json()["code"]) == (503, "expiring")
    await system.storage.delete_job(job_id)
    await store.delete(job_id)
    assert await system.submit("my key") == job_id


async def test_a_cancelled_job_is_not_retried_even_while_it_has_files(system: System) -> None:
    job_id = await system.submit()
    await system.bus.publish(JobCancelled(job_id=job_id, at=datetime.now(UTC)))
    await until(lambda: system.status(job_id), "failed")
    assert (await system.client.post(f"/api/jobs/{job_id}/retry")).status_code == 409
