"""Answers of the status service: ETags, queue estimates, and many jobs in one response."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from services.status.database.store import Store
from services.status.queue import snapshots
from services.status.queue.reading import read_queue, read_speeds
from shared.events import Event, JobCancelled, JobExpired
from shared.tasks import Task
from shared.web.etag import etag_matches
from tests.fakes import completed, failed, progressed, started, submitted
from tests.system import KEYS, PHONE, WEB, Start, System, recent, until

SEPARATION, TRANSCRIPTION, BEATS = Task


async def ask(system: System, job_id: str, etag: str | None = None) -> httpx2.Response:
    return await system.client.get(f"/api/status/{job_id}", headers={"If-None-Match": etag} if etag else {})


async def test_a_poll_of_an_unchanged_job_is_answered_without_a_body(system: System, store: Store) -> None:
    job_id = await system.submit()
    await until(lambda: system.status(job_id), "queued")
    await store.fold([started(BEATS).model_copy(update={"job_id": job_id, "at": datetime.now(UTC)})])
    first = await ask(system, job_id)
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["retry-after"] == "3"
    again = await ask(system, job_id, first.headers["etag"])
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert again.headers["cache-control"] == "private, no-cache"
    assert (await ask(system, job_id)).content == first.content
    await store.fold([progressed(BEATS, 40).model_copy(update={"job_id": job_id, "at": datetime.now(UTC)})])
    changed = await ask(system, job_id, first.headers["etag"])
    assert (changed.status_code, changed.json()["beat_analysis"]["progress"]) == (200, 40)
    await store.fold([completed(BEATS).model_copy(update={"job_id": job_id})])
    ended = await ask(system, job_id, changed.headers["etag"])
    assert "retry-after" not in ended.headers
    assert ended.json()["eta_seconds"] is ended.json()["queue_position"] is None
    assert (await ask(system, job_id, ended.headers["etag"])).status_code == 304


def test_a_condition_may_contain_several_etags_weak_ones_or_a_star() -> None:
    assert etag_matches('"a", W/"b"', '"b"')
    assert etag_matches("*", '"b"')
    assert not etag_matches('"abc"', '"b"')
    assert not etag_matches(None, '"b"')


async def test_a_missing_job_is_answered_with_no_store(system: System) -> None:
    answer = await ask(system, "nonesuch")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


async def test_a_job_has_a_queue_position_a_remaining_time_and_an_expiry(
    store: Store, status_client: httpx2.AsyncClient
) -> None:
    done = [recent(submitted(BEATS, job_id=f"done-{n}"), hours=2) for n in range(3)]
    await store.fold(done)
    await store.fold([completed(BEATS, seconds=18.0 * n).model_copy(update={"job_id": f"done-{n}"}) for n in range(3)])
    await store.fold([recent(submitted(BEATS, job_id=f"job-{n}"), hours=1 - n / 10) for n in range(4)])
    await store.fold([started(BEATS).model_copy(update={"job_id": "job-0"})])
    running, first, last = [(await status_client.get(f"/api/status/job-{n}")).json() for n in (0, 1, 3)]
    assert (running["queue_position"], running["eta_seconds"]) == (None, 18)
    assert (first["queue_position"], first["eta_seconds"]) == (1, 36 - 1)  # rounded to 5 s
    assert (last["queue_position"], last["eta_seconds"]) == (3, 70)
    ends = datetime.fromisoformat(last["expires_at"]) - datetime.fromisoformat(last["created_at"])
    assert ends == timedelta(hours=24)
    assert list(last)[-3:] == ["expires_at", "queue_position", "eta_seconds"]


async def test_without_completed_tasks_there_is_no_remaining_time(
    store: Store, status_client: httpx2.AsyncClient
) -> None:
    await store.fold([recent(submitted())])
    document = (await status_client.get("/api/status/abc123")).json()
    assert (document["queue_position"], document["eta_seconds"]) == (1, None)


async def test_the_queue_contains_exactly_the_unfinished_tasks(store: Store) -> None:
    await store.fold([submitted(job_id=f"job-{n}") for n in range(6)])
    events: dict[str, Event] = {
        "job-1": progressed(SEPARATION, 50),
        "job-2": JobCancelled(job_id="x", at=datetime.now(UTC)),
        "job-3": JobExpired(job_id="x", at=datetime.now(UTC)),
        "job-4": failed(SEPARATION),
    }
    for job_id, event in events.items():
        await store.fold([event.model_copy(update={"job_id": job_id})])
    await store.fold([completed(task).model_copy(update={"job_id": "job-5"}) for task in Task])
    queue = await read_queue(store)
    waiting = {task: [job_id for _, job_id in each.keys] for task, each in queue.tasks.items()}
    assert waiting == {SEPARATION: ["job-0"], TRANSCRIPTION: ["job-0", "job-1"], BEATS: ["job-0", "job-1", "job-4"]}
    assert [each.running_audio for each in queue.tasks.values()] == [90, 0, 0]


async def test_the_queue_and_the_speeds_are_read_through_indexes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.fold([submitted()])
    read: list[Any] = []
    find = store.jobs.find

    def noted(*query: Any, **options: Any) -> Any:
        read.append(find(*query, **options))
        return read[-1]

    monkeypatch.setattr(store.jobs, "find", noted)
    await read_queue(store)
    await read_speeds(store)
    plans = [str((await cursor.clone().explain())["queryPlanner"]["winningPlan"]) for cursor in read]
    assert len(plans) == 4
    assert not [plan for plan in plans if "COLLSCAN" in plan]
    assert not [plan for plan in plans[1:] if "'SORT'" in plan]


async def test_many_jobs_are_returned_in_one_response(system: System) -> None:
    ids = [await system.submit() for _ in range(3)]
    asked = [ids[2], "nonesuch", ids[0], "no id!", ids[2]]
    answer = await system.client.get("/api/status", params={"ids": ",".join(asked)})
    assert [job["job_id"] for job in answer.json()["jobs"]] == [ids[2], ids[0]]
    assert answer.json()["missing"] == ["nonesuch", "no id!"]
    assert answer.json()["jobs"][0] | {"queue_position": 0} == await system.document(ids[2]) | {"queue_position": 0}


@pytest.mark.parametrize("bad", ["../../etc", "a/../../b", "x" * 3000, "\0", "\ud83d", "é", "a//b", ".", ".."])
async def test_an_invalid_id_is_missing_and_does_not_affect_the_others(system: System, bad: str) -> None:
    job_id = await system.submit()
    asked = quote(f"{job_id},{bad}", errors="surrogatepass")
    answer = await system.client.get(f"/api/status?ids={asked}")
    assert (answer.status_code, [job["job_id"] for job in answer.json()["jobs"]]) == (200, [job_id])
    assert len(answer.json()["missing"]) == 1


@pytest.mark.parametrize("ids", [None, "", " , ", ",".join(map(str, range(201)))])
async def test_no_ids_and_too_many_ids_are_refused(system: System, ids: str | None) -> None:
    answer = await system.client.get("/api/status", params={} if ids is None else {"ids": ids})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_ids")


async def test_the_jobs_of_another_key_are_missing_among_many(start: Start) -> None:
    locked = await start(**KEYS)
    web, phone = locked.with_key(WEB), locked.with_key(PHONE)
    its, own = await web.submit(), await phone.submit()
    answer = (await phone.client.get("/api/status", params={"ids": f"{its},{own}"})).json()
    assert ([job["job_id"] for job in answer["jobs"]], answer["missing"]) == ([own], [its])
    assert (await locked.client.get("/api/status", params={"ids": its})).status_code == 401


async def test_an_unreadable_job_in_the_queue_does_not_affect_other_documents(
    store: Store, status_client: httpx2.AsyncClient
) -> None:
    await store.fold([recent(submitted(BEATS, job_id="odd"), hours=1), recent(submitted(BEATS))])
    await store.jobs.update_one({"_id": "odd"}, {"$set": {"submitted.event.song.audio_duration": None}})
    assert (await status_client.get("/api/status/abc123")).json()["queue_position"] == 1


async def test_without_a_readable_queue_there_is_no_estimate(
    store: Store, status_client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(store: Store) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(snapshots, "read_queue", broken)
    await store.fold([recent(submitted(BEATS))])
    answer = await status_client.get("/api/status/abc123")
    assert (answer.status_code, answer.json()["queue_position"], answer.json()["eta_seconds"]) == (200, None, None)
