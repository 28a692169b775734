"""The document cache of a status replica: saves reads, and never answers with an outdated document."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.status.database.codec import Change
from services.status.database.store import Store
from services.status.queue.snapshots import Snapshots
from services.status.read import document_cache
from services.status.read.document_cache import DocumentCache
from services.status.read.documents import Documents
from shared.broker.bus import Bus
from shared.events import JobCancelled, JobExpired, JobSubmitted
from shared.job import Job
from shared.storage.job_files import Storage
from shared.tasks import Task
from tests.fakes import JOB_ID, progressed, started, submitted
from tests.integration.live import Live, live
from tests.system import KEYS, PHONE, WEB, recent, until

BEATS = Task.BEAT_ANALYSIS
SONG = recent(submitted(BEATS))
PATH = f"/api/status/{JOB_ID}"


@pytest.fixture
async def system(bus: Bus, store: Store, storage: Storage) -> AsyncIterator[Live]:
    async with live(bus, store, storage) as system:
        yield system


@pytest.fixture
def reads(store: Store, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Number of reads of each job."""
    get, reads = store.get, Counter[str]()

    async def counted(job_id: str) -> Job | None:
        reads[job_id] += 1
        return await get(job_id)

    monkeypatch.setattr(store, "get", counted)
    return reads


async def until_cached(system: Live, reads: Counter[str]) -> None:
    """Poll until the job is answered from the cache."""

    async def is_cached() -> bool:
        before = reads[JOB_ID]
        assert (await system.client.get(PATH)).status_code == 200
        return reads[JOB_ID] == before

    await until(is_cached, wanted=True)


async def beats(system: Live) -> int:
    document = (await system.client.get(PATH)).json()
    return int(document["beat_analysis"]["progress"])


async def test_a_document_is_read_once_after_each_change(system: Live, store: Store, reads: Counter[str]) -> None:
    await store.fold([SONG, started(BEATS)])
    await until_cached(system, reads)
    await store.fold([progressed(BEATS, 40)])
    answers = await asyncio.gather(*(beats(system) for _ in range(30)))
    assert answers == [40] * 30  # a replica shows its own folds at once
    await until_cached(system, reads)
    reads.clear()
    assert await asyncio.gather(*(beats(system) for _ in range(30))) == [40] * 30
    assert reads[JOB_ID] == 0


async def test_a_change_that_the_cached_document_includes_does_not_invalidate_it(
    store: Store, storage: Storage
) -> None:
    await store.fold([SONG])
    snapshots = Snapshots(store)
    cache = DocumentCache(Documents(store, storage, snapshots, timedelta(hours=24)), snapshots)
    cache.mark_fresh()
    rendered = await cache.read_stored(JOB_ID)
    assert rendered
    cache.invalidate(JOB_ID, rendered.revision)
    assert cache.get_now(JOB_ID) is rendered
    cache.invalidate(JOB_ID, rendered.revision + 1)
    assert cache.get_now(JOB_ID) is None


async def test_changes_are_reported_with_their_revisions(store: Store) -> None:
    changes = store.changes()
    assert await anext(changes) is None
    await store.fold([SONG])
    await store.fold([started(BEATS)])
    await store.delete(JOB_ID)
    received = [change async for change in _first(changes, 3)]
    assert received == [Change(JOB_ID, 1), Change(JOB_ID, 2), Change(JOB_ID, None)]


async def _first(changes: AsyncIterator[Change | None], count: int) -> AsyncIterator[Change]:
    async for change in changes:
        if change:
            yield change
            if not (count := count - 1):
                return


async def test_a_fold_of_another_replica_is_visible_within_two_seconds(
    system: Live, store: Store, reads: Counter[str], mongo_url: str
) -> None:
    await store.fold([SONG, started(BEATS)])
    await until_cached(system, reads)
    async with Store.connected(mongo_url, store._database.name) as other:
        await other.fold([progressed(BEATS, 40)])
        await until(lambda: beats(system), 40, within=5)


async def test_a_client_with_an_unknown_etag_never_gets_an_older_document(
    system: Live, store: Store, reads: Counter[str]
) -> None:
    await store.fold([SONG, started(BEATS)])
    await until_cached(system, reads)
    first = (await system.client.get(PATH)).headers["etag"]
    await store.fold([progressed(BEATS, 40)])
    await until_cached(system, reads)
    for tag, read in ((first, False), ('"of another replica"', True)):
        before = reads[JOB_ID]
        answer = await system.client.get(PATH, headers={"If-None-Match": tag})
        assert (answer.status_code, reads[JOB_ID] > before) == (200, read)


async def test_the_cache_is_not_used_while_no_changes_are_received(
    system: Live, store: Store, reads: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.fold([SONG])
    await until_cached(system, reads)
    monkeypatch.setattr(document_cache, "FRESH_SECONDS", 0)
    before = reads[JOB_ID]
    for n in range(1, 4):
        await system.client.get(PATH)
        assert reads[JOB_ID] == before + n


async def test_a_retry_is_decided_by_the_database_and_not_by_the_cache(
    system: Live, store: Store, reads: Counter[str]
) -> None:
    await store.fold([SONG])
    await until_cached(system, reads)
    before = reads[JOB_ID]
    assert (await system.client.post(f"/api/jobs/{JOB_ID}/retry")).status_code == 409
    assert reads[JOB_ID] > before


@pytest.mark.parametrize("end", [JobCancelled, JobExpired])
async def test_a_cancelled_or_expired_job_is_not_answered_from_the_cache(
    system: Live, store: Store, reads: Counter[str], end: type[JobCancelled | JobExpired]
) -> None:
    await store.fold([SONG])
    await until_cached(system, reads)
    await store.fold([end(job_id=JOB_ID, at=datetime.now(UTC))])
    answer = await system.client.get(PATH)
    assert answer.json()["code" if end is JobExpired else "error_code"] in ("job_not_found", "cancelled")


async def test_a_cached_job_is_not_found_after_its_expiry(system: Live, store: Store, reads: Counter[str]) -> None:
    created = datetime.now(UTC) - timedelta(hours=24) + timedelta(seconds=2)
    await store.fold([JobSubmitted.model_validate(dict(SONG) | {"at": created})])
    await until_cached(system, reads)

    async def code() -> int:
        return (await system.client.get(PATH)).status_code

    await until(code, 404)


async def test_a_cached_job_is_visible_to_its_owner_only(
    bus: Bus, store: Store, storage: Storage, reads: Counter[str]
) -> None:
    await store.fold([SONG.model_copy(update={"owner": "web"})])
    async with live(bus, store, storage, **KEYS) as system:
        system.client.headers["X-API-Key"] = WEB
        await until_cached(system, reads)
        system.client.headers["X-API-Key"] = PHONE
        assert (await system.client.get(PATH)).status_code == 404


async def test_the_cache_evicts_the_least_recently_requested_job(
    system: Live, store: Store, reads: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_cache, "CAPACITY", 2)
    await store.fold([SONG, *(recent(submitted(BEATS, job_id=f"job-{n}")) for n in range(2))])
    await until_cached(system, reads)
    for n in range(2):
        await system.client.get(f"/api/status/job-{n}")
    before = reads[JOB_ID]
    await system.client.get(PATH)
    assert reads[JOB_ID] == before + 1
