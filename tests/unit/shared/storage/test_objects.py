"""Every operation on a storage that is unavailable raises the same error; a missing object is something else."""

import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from shared.errors import StorageUnavailableError
from shared.storage import objects
from shared.storage.objects import MISSING, ObjectStore
from tests.outage import failing_s3, unavailable

Call = Callable[[ObjectStore, Path], Awaitable[Any]]


async def folders(store: ObjectStore) -> list[str]:
    return [name async for name in store.folders_before(datetime.now(UTC))]


CALLS: dict[str, Call] = {
    "check": lambda store, _: store.check(),
    "put": lambda store, _: store.put("abc/song", b"x"),
    "claim": lambda store, _: store.claim("abc/claim"),
    "get": lambda store, _: store.get("abc/song"),
    "fetch": lambda store, path: store.fetch("abc/song", path / "song"),
    "fetch_if_there": lambda store, path: store.fetch_if_there("abc/song", path / "song"),
    "head": lambda store, _: store.head("abc/song"),
    "sizes": lambda store, _: store.sizes("abc"),
    "folders_before": lambda store, _: folders(store),
    "delete_folder": lambda store, _: store.delete_folder("abc", last="song"),
}


async def all_raise(store: ObjectStore, folder: Path) -> None:
    before = errors()
    for name, call in CALLS.items():
        with pytest.raises(StorageUnavailableError) as raised:
            await call(store, folder)
        assert raised.value.code == "storage_unavailable", name
        assert "\n" not in str(raised.value)
    assert errors() - before >= len(CALLS)


def errors() -> float:
    return REGISTRY.get_sample_value("karaoke_storage_errors_total") or 0.0


@pytest.fixture(autouse=True)
def _bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MAX_RETRIES", 0)
    for name, value in {"ALLOW_HTTP": "true", "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "REGION": "z"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (503, "SlowDown"),
        (500, "InternalError"),
        (502, ""),
        (403, "InvalidAccessKeyId"),
        (403, "AccessDenied"),
        (401, "Unauthorized"),
        (400, "AuthorizationHeaderMalformed"),
        (301, "PermanentRedirect"),
        (404, "NoSuchBucket"),
    ],
)
async def test_a_failing_or_refusing_bucket_is_unavailable(
    status: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with failing_s3(status, code) as url:
        monkeypatch.setenv("AWS_ENDPOINT", url)
        await all_raise(ObjectStore("s3://karaoke/jobs"), tmp_path)


async def test_a_bucket_that_refuses_connections_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
    await all_raise(ObjectStore("s3://karaoke/jobs"), tmp_path)


async def test_a_directory_that_fails_is_unavailable_until_it_is_back(tmp_path: Path) -> None:
    store = ObjectStore(str(tmp_path / "storage"))
    await store.put("abc/song", b"sung")
    with unavailable(tmp_path / "storage"):
        await all_raise(store, tmp_path)
    assert await store.get("abc/song") == b"sung"


async def test_a_directory_that_is_not_there_is_unavailable_and_is_not_created(tmp_path: Path) -> None:
    store = ObjectStore(str(tmp_path / "storage"))
    shutil.rmtree(tmp_path / "storage")
    await all_raise(store, tmp_path)
    assert not (tmp_path / "storage").exists()


async def test_a_missing_object_is_not_an_outage(tmp_path: Path) -> None:
    store, before = ObjectStore(str(tmp_path / "storage")), errors()
    with pytest.raises(MISSING):
        await store.get("abc/song")
    with pytest.raises(MISSING):
        await store.open("abc/song", 0, 1)
    assert await store.head("abc/song") is None
    assert not await store.fetch_if_there("abc/song", tmp_path / "song")
    assert (await store.sizes("abc"), await folders(store)) == ({}, [])
    await store.delete("abc/song")
    assert await store.claim("abc/claim")
    assert not await store.claim("abc/claim")
    assert errors() == before


async def test_a_file_is_opened_before_it_is_read(tmp_path: Path) -> None:
    store = ObjectStore(str(tmp_path / "storage"))
    await store.put("abc/song", b"0123456789")
    assert b"".join([chunk async for chunk in await store.open("abc/song", 2, 5)]) == b"234"
    with unavailable(tmp_path / "storage"), pytest.raises(StorageUnavailableError):
        await store.open("abc/song", 2, 5)
