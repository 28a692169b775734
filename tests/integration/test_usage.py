"""Use of a caller's jobs and its limits, with a gateway and status on a real broker and database."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from services.status.database.store import Store
from services.status.database.usage import read_usage, usage_of
from shared.events import AudioFormat, Event, JobCancelled, JobExpired, Options, TasksRerun, encode
from shared.tasks import Task
from shared.usage import (
    LEAST_SECONDS,
    SONG_BYTES,
    STEMS_BYTES,
    Part,
    Usage,
    counted_bytes,
    counted_model,
    counted_seconds,
)
from tests.fakes import START, completed, failed, progressed, started, submitted
from tests.system import KEYS, WEB, Start, System, recent, until

SEPARATION, TRANSCRIPTION, BEATS = Task
DAY = timedelta(hours=24)
NO_LIMITS: dict[str, object] = {"max_unfinished_jobs": 0, "max_minutes_per_day": 0, "max_stored_bytes": 0}
EXPIRED: dict[str, list[Event]] = {"expired": [JobExpired(job_id="x", at=START)]}

UNFINISHED: dict[str, list[Event]] = {
    "queued": [],
    "started": [started(SEPARATION)],
    "first half done": [completed(SEPARATION), completed(BEATS)],
    "last half done": [completed(SEPARATION), progressed(TRANSCRIPTION, 50), failed(BEATS)],
    "beats still to come": [failed(SEPARATION)],
    "retried": [failed(SEPARATION), completed(BEATS), TasksRerun(job_id="x", at=START, run=1, tasks=(SEPARATION,))],
}
FINISHED: dict[str, list[Event]] = {
    "completed": [completed(task) for task in Task],
    "failed": [failed(task) for task in Task],
    "input lost": [failed(SEPARATION), completed(BEATS)],
    "cancelled": [started(SEPARATION), JobCancelled(job_id="x", at=START)],
    "retried and done": [
        *(failed(task) for task in Task),
        TasksRerun(job_id="x", at=START, run=1, tasks=tuple(Task)),
        *(completed(task, run=1) for task in Task),
    ],
}


async def fold(store: Store, histories: dict[str, list[Event]], owner: str | None) -> None:
    for number, events in enumerate(histories.values()):
        job = submitted().model_copy(update={"owner": owner})
        job_id = f"{owner}-{number}-{len(histories)}"
        await store.fold([event.model_copy(update={"job_id": job_id}) for event in (job, *events)])


async def test_only_the_owners_unfinished_jobs_are_counted(store: Store, status_client: httpx2.AsyncClient) -> None:
    async def count(owner: str) -> int:
        return Usage.model_validate_json((await status_client.get("/usage", params={"owner": owner})).text).unfinished

    await fold(store, UNFINISHED | EXPIRED, "web")
    await fold(store, FINISHED, "web")
    await fold(store, UNFINISHED, None)
    assert await count("web") == len(UNFINISHED)
    assert await count("phone") == 0
    for wrong in ({"owner": "$ne"}, {"caller": "192.0.2.7"}, {}, {"owner": "web", "caller": "0" * 32}):
        assert (await status_client.get("/usage", params=wrong)).status_code == 422
    one_task = submitted(BEATS, job_id="short").model_copy(update={"owner": "phone"})
    await store.fold([one_task])
    assert await count("phone") == 1
    await store.fold([completed(BEATS).model_copy(update={"job_id": "short"})])
    assert await count("phone") == 0


@pytest.mark.parametrize("name", [*UNFINISHED, *FINISHED])
async def test_a_state_of_each_kind_is_counted_as_the_document_shows_it(store: Store, name: str) -> None:
    events = (UNFINISHED | FINISHED)[name]
    await fold(store, {name: events}, "web")
    usage = await read_usage(store, {"owner": "web"}, START, DAY)
    assert usage.unfinished == (name in UNFINISHED)


async def test_minutes_count_for_a_day_and_bytes_until_the_files_are_deleted(store: Store) -> None:
    owned = {"owner": "web"}
    now = datetime.now(UTC)
    old = recent(submitted(job_id="old"), hours=25).model_copy(update=owned)
    bag = Options(tasks=(SEPARATION,), model="htdemucs_ft", format="opus")
    new = recent(submitted(job_id="new"), hours=3).model_copy(update={**owned, "options": bag})
    short = submitted(BEATS, job_id="short").song.model_copy(update={"audio_duration": 2.0})
    gone = recent(submitted(BEATS, job_id="gone"), hours=2).model_copy(update={**owned, "song": short})
    await store.fold([old, new, gone, JobCancelled(job_id="gone", at=now)])
    usage = await read_usage(store, owned, now, 2 * DAY)
    assert {part.model: part for part in usage.audio} == {
        "htdemucs_ft": Part(until=new.at + DAY, amount=180, model="htdemucs_ft"),
        "": Part(until=gone.at + DAY, amount=LEAST_SECONDS),
    }
    assert sorted(usage.storage, key=lambda part: part.until) == [
        Part(until=old.at + 2 * DAY, amount=counted_bytes(old)),
        Part(until=new.at + 2 * DAY, amount=counted_bytes(new)),
    ]
    again = now + timedelta(minutes=1)
    await store.fold([TasksRerun(job_id="old", at=again, run=2, tasks=(SEPARATION,))])
    rerun = (await read_usage(store, owned, again, DAY)).audio
    assert Part(until=again + DAY, amount=3 * 180) in rerun


@pytest.mark.parametrize("audio_format", STEMS_BYTES)
@pytest.mark.parametrize("tasks", [tuple(Task), (BEATS,)])
async def test_the_database_and_the_gateway_count_the_same(
    store: Store, audio_format: AudioFormat, tasks: tuple[Task, ...]
) -> None:
    for seconds in (2.0, 200.25):
        song = submitted().song.model_copy(update={"audio_duration": seconds})
        options = Options(tasks=tasks, format=audio_format, model="mdx")
        job = submitted().model_copy(update={"owner": str(seconds), "song": song, "options": options})
        await store.fold([job.model_copy(update={"job_id": f"of-{seconds}"})])
        usage = await read_usage(store, {"owner": str(seconds)}, job.at, DAY)
        assert [(part.amount, part.model) for part in usage.audio] == [(counted_seconds(job), counted_model(options))]
        assert [part.amount for part in usage.storage] == [pytest.approx(counted_bytes(job))]


async def test_recent_jobs_are_named_with_their_runs(store: Store) -> None:
    await fold(store, {"done": [], "again": [TasksRerun(job_id="x", at=START, run=3, tasks=(BEATS,))]}, "web")
    await store.jobs.update_one({"_id": "web-0-2"}, {"$set": {"heard": datetime.now(UTC) - timedelta(minutes=5)}})
    assert (await read_usage(store, {"owner": "web"}, START, DAY)).recent == {"web-1-2": 3}


@pytest.mark.parametrize("field", ["owner", "caller"])
async def test_the_usage_is_read_with_an_index(store: Store, field: str) -> None:
    await fold(store, UNFINISHED, "web")
    pipeline = usage_of({field: "web"}, START)
    command = {"aggregate": store.jobs.name, "pipeline": pipeline, "cursor": {}}
    plan = str(await store._database.command("explain", command))
    assert f"submitted.event.{field}_1" in plan
    assert "COLLSCAN" not in plan


async def stored(store: Store, count: int) -> None:
    async def is_folded() -> int:
        return int(await store.jobs.count_documents({"submitted": {"$ne": None}}))

    await until(is_folded, count)


async def refusal(system: System, **options: str) -> str:
    """Return the code of the refusal of another upload, whose `Retry-After` is at most a day."""
    answer = await system.client.post("/api/process", data={"tasks": "beat_analysis", **options})
    assert answer.status_code == 429, answer.text
    assert 0 < int(answer.headers["retry-after"]) <= DAY.total_seconds() + 1
    return str(answer.json()["code"])


@pytest.mark.parametrize("settings", [KEYS, {}], ids=["with keys", "by address"])
async def test_minutes_of_a_day_are_limited_also_for_finished_and_cancelled_jobs(
    start: Start, store: Store, settings: dict[str, object]
) -> None:
    system = (await start(**settings, max_minutes_per_day=2 * LEAST_SECONDS / 60)).with_key(WEB)
    first = await system.submit("first")
    await system.submit()
    await stored(store, 2)
    await system.client.delete(f"/api/jobs/{first}")
    assert await refusal(system) == "too_many_minutes"
    assert await system.submit("first") == first


async def test_a_bag_of_four_models_counts_four_times(start: Start) -> None:
    system = await start(max_minutes_per_day=4 * LEAST_SECONDS / 60)
    await system.submit()
    for model, status, code in (("htdemucs_ft", 429, "too_many_minutes"), ("unlisted", 422, "invalid_option")):
        answer = await system.upload(tasks="stem_separation", model=model)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    for options in ({"tasks": "beat_analysis", "model": "htdemucs_ft"}, {"model": "htdemucs"}):
        assert (await system.upload(**options)).status_code == 202


async def test_stored_bytes_are_limited_until_a_job_is_deleted(start: Start, store: Store) -> None:
    system = await start(max_stored_bytes=2 * SONG_BYTES * LEAST_SECONDS)
    first = await system.submit()
    await system.submit()
    await stored(store, 2)
    assert await refusal(system) == "too_many_stored_bytes"
    await system.client.delete(f"/api/jobs/{first}")
    await until(lambda: system.status(first), "failed")
    await system.submit()


async def test_a_rerun_counts_toward_the_minutes(start: Start, store: Store) -> None:
    system = await start(max_minutes_per_day=LEAST_SECONDS / 60)
    job_id = await system.submit()
    await stored(store, 1)
    await system.bus.publish(failed(BEATS).model_copy(update={"job_id": job_id}))
    await until(lambda: system.status(job_id), "failed")
    answer = await system.client.post(f"/api/jobs/{job_id}/retry")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_minutes")


async def test_simultaneous_uploads_do_not_exceed_a_limit(start: Start) -> None:
    system = await start(max_minutes_per_day=2 * LEAST_SECONDS / 60)
    answers = await asyncio.gather(*(system.upload(tasks="beat_analysis") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [202] * 2 + [429] * 6


async def test_callers_without_a_key_are_told_apart_by_a_hash_that_hides_their_address(
    start: Start, store: Store
) -> None:
    here = await start(max_unfinished_jobs=1)
    there = here.from_address("192.0.2.7")
    job_id = await there.submit()
    await stored(store, 1)
    assert await refusal(there) == "too_many_unfinished_jobs"
    await here.submit()
    job = await store.get(job_id)
    assert job
    assert job.submission
    assert job.submission.caller
    assert len(job.submission.caller) == 32
    assert b"192.0.2.7" not in encode(job.submission)


async def test_without_limits_or_with_keys_no_caller_is_stored(start: Start) -> None:
    for system in (await start(**NO_LIMITS), (await start(**KEYS)).with_key(WEB)):
        for _ in range(2):
            submission = await system.storage.manifest(await system.submit())
            assert submission
            assert submission.caller is None
            assert b"caller" not in encode(submission)
