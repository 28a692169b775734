"""Server-sent events of a job, through a real gateway from a real status service."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.queue import snapshots
from services.status.queue.estimate import Queue
from services.status.queue.reading import read_queue
from services.status.read import change_feed, event_stream
from shared.broker.bus import Bus
from shared.errors import TransientError
from shared.events import JobExpired
from shared.job import Job
from shared.storage.job_files import Storage
from shared.tasks import Task
from tests.fakes import JOB_ID, completed, progressed, refined, started, submitted
from tests.integration.live import Feed, Live, live
from tests.system import KEYS, PHONE, WEB, recent, until

SEPARATION, TRANSCRIPTION, BEATS = Task
SONG = recent(submitted(BEATS))


@pytest.fixture
async def system(bus: Bus, store: Store, storage: Storage) -> AsyncIterator[Live]:
    async with live(bus, store, storage) as system:
        yield system


async def test_a_stream_sends_the_document_at_once_and_after_every_change_until_the_job_has_finished(
    system: Live, store: Store
) -> None:
    await store.fold([SONG])
    async with system.follow(JOB_ID) as feed:
        assert feed.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert feed.answer.headers["cache-control"] == "no-store"
        first = await feed.next()
        answer = await system.client.get(f"/api/status/{JOB_ID}")
        assert (first.name, first.document, f'"{first.id}"') == ("status", answer.json(), answer.headers["etag"])
        await store.fold([started(BEATS)])
        assert (await feed.until("processing")).document["beat_analysis"]["progress"] == 0
        await store.fold([progressed(BEATS, 40)])
        assert (await feed.next()).document["beat_analysis"]["progress"] == 40
        await store.fold([completed(BEATS)])
        last = await feed.until("completed")
        assert await feed.ends()
    async with system.follow(JOB_ID, last.id) as feed:
        assert (feed.answer.status_code, await feed.answer.aread()) == (204, b"")
    async with system.follow(JOB_ID, first.id) as feed:
        assert await feed.next() == last
        assert await feed.ends()


async def test_a_client_that_reconnects_after_a_refinement_gets_it_once(system: Live, store: Store) -> None:
    await store.fold([SONG, completed(BEATS)])
    async with system.follow(JOB_ID) as feed:
        last = await feed.next()
        assert await feed.ends()
    await store.fold([refined(BEATS)])
    async with system.follow(JOB_ID, last.id) as feed:
        better = await feed.next()
        assert (better.document["status"], better.document["beat_analysis"]["refined"]) == ("completed", True)
        assert await feed.ends()
    async with system.follow(JOB_ID, better.id) as feed:
        assert feed.answer.status_code == 204


async def test_a_client_with_the_latest_event_gets_only_the_next_one(system: Live, store: Store) -> None:
    await store.fold([SONG, started(BEATS)])
    async with system.follow(JOB_ID) as feed:
        seen = await feed.next()
    async with system.follow(JOB_ID, seen.id) as feed:
        await store.fold([progressed(BEATS, 7)])
        assert (await feed.next()).document["beat_analysis"]["progress"] == 7


async def test_a_burst_of_changes_is_sent_as_few_documents(system: Live, store: Store) -> None:
    await store.fold([SONG])
    async with system.follow(JOB_ID) as feed:
        await feed.next()
        await store.fold([progressed(BEATS, n, seq=n) for n in range(1, 100)])
        received = 0
        while (await feed.next()).document["beat_analysis"]["progress"] < 99:
            received += 1
    assert received < 20


async def test_a_fold_of_another_replica_is_streamed(system: Live, store: Store, bus: Bus, mongo_url: str) -> None:
    async with (
        Store.connected(mongo_url, store._database.name) as other,
        Consumer(bus, other).consuming(),
    ):
        await bus.publish(SONG)
        await until(lambda: _code(system), 200)
        async with system.follow(JOB_ID) as feed:
            await bus.publish(progressed(BEATS, 12))
            assert (await feed.until("processing")).document["beat_analysis"]["progress"] == 12


async def _code(system: Live) -> int:
    return (await system.client.get(f"/api/status/{JOB_ID}")).status_code


async def test_a_changed_queue_position_is_streamed(system: Live, store: Store) -> None:
    await store.fold([recent(submitted(BEATS, job_id="before"), hours=1), SONG])
    async with system.follow(JOB_ID) as feed:
        assert (await feed.next()).document["queue_position"] == 2
        await store.fold([started(BEATS).model_copy(update={"job_id": "before"})])
        assert (await feed.next()).document["queue_position"] == 1


async def test_a_change_is_read_once_for_all_streams_and_nothing_is_read_without_a_change(
    system: Live, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_feed, "QUEUE_CHECK_SECONDS", 0.05)
    monkeypatch.setattr(snapshots, "SNAPSHOT_SECONDS_APART", 0.05)
    await store.fold([SONG])
    get, reads = store.get, Counter[str]()

    async def counted(job_id: str) -> Job | None:
        reads["job"] += 1
        return await get(job_id)

    async def counted_look(store: Store) -> Queue:
        reads["queue"] += 1
        return await read_queue(store)

    async with AsyncExitStack() as stack:
        feeds = [await stack.enter_async_context(system.follow(JOB_ID)) for _ in range(50)]
        for feed in feeds:
            await feed.next()
        monkeypatch.setattr(snapshots, "read_queue", counted_look)

        async def has_looked() -> bool:
            return reads["queue"] >= 3

        await until(has_looked, wanted=True)
        monkeypatch.setattr(store, "get", counted)
        reads.clear()
        await until(has_looked, wanted=True)
        assert reads["job"] == 0
        await store.fold([progressed(BEATS, 7)])
        for feed in feeds:
            assert (await feed.until("processing")).document["beat_analysis"]["progress"] == 7
        assert 0 < reads["job"] < 5


async def test_keepalives_are_sent_while_the_database_is_unavailable(
    system: Live, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(job_id: str) -> None:
        raise TransientError("The database is unavailable")

    async def hanging(job_id: str) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(event_stream, "KEEPALIVE_SECONDS", 0.05)
    monkeypatch.setattr(event_stream, "RETRY_SECONDS", 0.02)
    await store.fold([SONG])
    for fault in (away, hanging):
        async with system.follow(JOB_ID) as feed:
            await feed.next()
            with monkeypatch.context() as broken:
                broken.setattr(store, "get", fault)
                await store.fold([progressed(BEATS, 7 if fault is away else 8, seq=2 if fault is away else 3)])
                comments = feed.comments
                with pytest.raises(TimeoutError):
                    await feed.next(within=0.5)
                assert feed.comments > comments + 2


async def test_a_silent_stream_sends_keepalives(system: Live, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "KEEPALIVE_SECONDS", 0.05)
    await store.fold([SONG, started(BEATS)])
    async with system.follow(JOB_ID) as feed:
        await feed.next()
        with pytest.raises(TimeoutError):
            await feed.next(within=0.5)
        assert feed.comments > 2


async def test_the_stream_of_an_expired_job_ends(system: Live, store: Store) -> None:
    await store.fold([SONG])
    async with system.follow(JOB_ID) as feed:
        await feed.next()
        await store.fold([JobExpired(job_id=JOB_ID, at=datetime.now(UTC))])
        assert await feed.ends()


@pytest.mark.parametrize("last_id", [None, "any"])
async def test_the_stream_of_an_unknown_job_is_not_found(system: Live, last_id: str | None) -> None:
    for job_id in ("nonesuch", "no%20id", "x" * 300):
        async with system.follow(job_id, last_id) as feed:
            await feed.answer.aread()
            assert (feed.answer.status_code, feed.answer.json()["code"]) == (404, "job_not_found")


async def test_only_the_owner_can_stream_a_job(bus: Bus, store: Store, storage: Storage) -> None:
    await store.fold([SONG.model_copy(update={"owner": "web"})])
    async with live(bus, store, storage, **KEYS) as system:
        for key, code in ((WEB, 200), (PHONE, 404), ("not a key", 401)):
            system.client.headers["X-API-Key"] = key
            async with system.follow(JOB_ID) as feed:
                assert feed.answer.status_code == code


@pytest.mark.parametrize("which", ["stop_gateway", "stop_status"])
async def test_a_stopping_service_ends_its_streams_at_once(system: Live, store: Store, which: str) -> None:
    await store.fold([SONG])
    async with system.follow(JOB_ID) as feed:
        await feed.next()
        getattr(system, which).set()
        assert await feed.ends(within=4)


async def test_a_client_with_too_many_streams_is_refused_and_others_are_not(
    bus: Bus, store: Store, storage: Storage
) -> None:
    await store.fold([SONG])
    async with live(bus, store, storage, max_streams_of_one=2, max_streams=1000) as system:
        async with system.follow(JOB_ID) as one, system.follow(JOB_ID) as two:
            assert (one.answer.status_code, two.answer.status_code) == (200, 200)
            async with system.follow(JOB_ID) as third:
                await third.answer.aread()
                assert (third.answer.status_code, third.answer.json()["code"]) == (429, "too_many_streams")
                assert int(third.answer.headers["retry-after"]) > 0
        await until(lambda: _can_follow(system), 200)  # closed streams free their slots
    async with live(bus, store, storage, max_streams=1) as system, system.follow(JOB_ID), system.follow(JOB_ID) as two:
        await two.answer.aread()
        assert (two.answer.status_code, two.answer.json()["code"]) == (503, "busy")


async def _can_follow(system: Live) -> int:
    async with system.follow(JOB_ID) as feed:
        return feed.answer.status_code


async def test_two_hundred_streams_do_not_block_other_requests(bus: Bus, store: Store, storage: Storage) -> None:
    await store.fold([SONG])
    async with live(bus, store, storage, max_streams_of_one=500) as system:
        system.client._transport._pool._max_connections = 500  # type: ignore[attr-defined] # one client stands for many
        opened = asyncio.Semaphore(0)
        finished = asyncio.Event()

        async def follow() -> None:
            async with system.follow(JOB_ID) as feed:
                await feed.next(within=60)
                opened.release()
                await finished.wait()

        following = [asyncio.create_task(follow()) for _ in range(200)]
        for _ in following:
            await opened.acquire()
        assert (await system.client.get(f"/api/status/{JOB_ID}")).status_code == 200
        finished.set()
        await asyncio.gather(*following)


async def test_an_event_id_that_is_not_ascii_matches_nothing(system: Live, store: Store) -> None:
    await store.fold([SONG])
    headers = [(b"Last-Event-ID", "é".encode()), (b"If-None-Match", '"é"'.encode("latin-1"))]
    assert (await system.client.get(f"/api/status/{JOB_ID}", headers=headers)).status_code == 200
    async with system.client.stream("GET", f"/api/status/{JOB_ID}/events", headers=headers) as answer:
        assert (await Feed(answer).next()).document["job_id"] == JOB_ID
