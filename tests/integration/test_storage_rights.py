"""Each service with only the rights of its policy for the bucket, on a real broker, database and directory."""

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from docs.generate import BUCKET, POLICIES, PREFIX
from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.sweeps.orphans import Orphans
from shared.broker.bus import Bus
from shared.broker.topology import STATUS_QUEUE
from shared.errors import StorageUnavailableError
from shared.events import JobCancelled, TaskProgressed
from shared.storage.job_files import ANNOUNCED, BEATS, LYRICS, MANIFEST, SIGNATURE, SONG, TAGS, Storage
from shared.storage.objects import Head
from shared.storage.rights import RIGHTS
from shared.tasks import Input, Task
from tests.audio import tone
from tests.fakes import JOB_ID, submitted
from tests.result_files import LINES, beats_json, lyrics_files
from tests.system import Bench, Listener, gateway, recent, status_service, until, worker

ENGINES: dict[Task, tuple[str, tuple[Input, ...]]] = {
    Task.STEM_SEPARATION: ("separate", ()),
    Task.TRANSCRIPTION: ("transcribe", ("lyrics", "beats", "instrumental", "tags")),
    Task.BEAT_ANALYSIS: ("analyse", ("drums",)),
}
"""Engine and inputs of each task."""


class LimitedStorage(Storage):
    """Refuses what the policy of a service does not allow, and remembers it in `refused`."""

    def __init__(self, root: Path, service: str) -> None:
        super().__init__(str(root))
        self._statements = json.loads((POLICIES / f"{service}.json").read_text())["Statement"]
        self.refused: list[str] = []

    def may(self, action: str, key: str) -> bool:
        resource = f"arn:aws:s3:::{BUCKET}/{PREFIX}/{key}"
        return any(
            f"s3:{action}" in each["Action"] and any(fnmatchcase(resource, pattern) for pattern in each["Resource"])
            for each in self._statements
        )

    def _require(self, action: str, key: str) -> None:
        if not self.may(action, key):
            self.refused.append(f"{action} {key}")
            raise StorageUnavailableError("Access denied")

    async def _put(self, key: str, content: bytes | Path, *, create: bool) -> None:
        self._require("PutObject", key)
        await super()._put(key, content, create=create)

    async def get(self, key: str) -> bytes:
        self._require("GetObject", key)
        return await super().get(key)

    async def fetch_if_there(self, key: str, path: Path) -> bool:
        self._require("GetObject", key)
        return await super().fetch_if_there(key, path)

    async def head(self, key: str) -> Head | None:
        self._require("GetObject", key)
        return await super().head(key)

    async def open(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        self._require("GetObject", key)
        return await super().open(key, start, end)

    async def delete(self, key: str) -> None:
        self._require("DeleteObject", key)
        await super().delete(key)


async def test_a_whole_job_is_done_by_services_that_may_do_nothing_else(
    bus: Bus, store: Store, storage: Storage, tmp_path: Path
) -> None:
    root = tmp_path / "storage"
    limited = {service: LimitedStorage(root, service) for service in RIGHTS}
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(status_service(store, limited["status"]))
        client = await stack.enter_async_context(gateway(bus, limited["gateway"], status_url=url))
        await stack.enter_async_context(Consumer(bus, store).consuming())
        for task, (engine, wants) in ENGINES.items():
            await stack.enter_async_context(worker(task, engine, bus, limited[task.queue], root, wants))
        files = {"file": ("song.wav", tone(2, title="Over the Sea", artist="Nobody"))}
        submission = await client.post("/api/process", files=files, data={"lyrics": "la la"}, headers=KEY)
        job_id = submission.json()["job_id"]

        async def document() -> dict[str, Any]:
            found: dict[str, Any] = (await client.get(f"/api/status/{job_id}")).json()
            return found

        async def progress() -> tuple[str, bool, int]:
            found = await document()
            return found["status"], found["beat_analysis"]["refined"], found["run"]

        await until(progress, ("completed", True, 0))
        again = await client.post("/api/process", files=files, headers=KEY)
        assert again.json()["job_id"] == job_id
        assert (await client.get(f"/api/jobs/{job_id}/links")).status_code == 200
        own = ("lyrics.json", "beats.json", "peaks/vocals.json", "click.flac", "click.opus", "download.zip")
        stems = (f"song_{stem}.{form}" for stem in Task.STEM_SEPARATION.row.makes for form in ("wav", "mp3"))
        for path in (*(f"/api/jobs/{job_id}/{name}" for name in own), *(f"/storage/{job_id}/{stem}" for stem in stems)):
            answer = await client.get(path, params={"download": ""})
            assert answer.status_code == 200, (path, answer.text)
        for name, content in (lyrics_files(*LINES) | {"beats.json": beats_json()}).items():
            await storage.put(f"{job_id}/{name}", content)
        assert (await client.put(f"/api/jobs/{job_id}/beats", json={"time_signature": "3/4"})).status_code == 200
        assert (await client.put(f"/api/jobs/{job_id}/lyrics.json", json={"lines": []})).status_code == 200
        word = {"text": "la", "start": 0.1, "end": 0.5}
        await client.put(f"/api/jobs/{job_id}/lyrics.json", json={"lines": [{"words": [word]}]})
        for number in (1, 2):
            answer = await client.post(f"/api/jobs/{job_id}/lyrics/align", json={"lines": [0]})
            assert answer.json() == {"job_id": job_id, "number": number}

            async def aligned() -> tuple[int, str] | None:
                found = (await document())["transcription"]["alignment"]
                return found and (found["number"], found["status"])

            await until(aligned, (number, "completed"))
        for name in ("lyrics.json", "lyrics.lrc", "beats.json", "click.flac"):
            assert (await client.get(f"/api/jobs/{job_id}/{name}")).status_code == 200, name
        words = await client.put(f"/api/jobs/{job_id}/lyrics", content="other", headers={"Content-Type": "text/plain"})
        assert words.status_code == 202
        await until(progress, ("completed", True, 1))
        await until(lambda: bus.backlog(STATUS_QUEUE), 0)
        await store.delete(job_id)
        await Orphans(bus, store, limited["status"], timedelta(0)).sweep()
        assert await store.get(job_id), "restored from its manifest"
        assert (await client.delete(f"/api/jobs/{job_id}")).status_code == 204
        assert await storage.sizes(job_id) == {}
        await storage.put(f"orphan/{SONG}", b"a song")
        await Orphans(bus, store, limited["status"], timedelta(0)).sweep()
        assert await storage.sizes("orphan") == {}
    assert {service: each.refused for service, each in limited.items()} == {service: [] for service in RIGHTS}


KEY = {"Idempotency-Key": "mine"}


@pytest.mark.parametrize("service", ["status", *(task.queue for task in Task)])
def test_only_the_gateway_writes_songs_lyrics_and_manifests(tmp_path: Path, service: str) -> None:
    storage = LimitedStorage(tmp_path, service)
    for name in (SONG, LYRICS, TAGS, MANIFEST, SIGNATURE, ANNOUNCED, "run-1"):
        assert not storage.may("PutObject", f"{JOB_ID}/{name}")
        assert storage.may("DeleteObject", f"{JOB_ID}/{name}") == (service == "status")


async def test_a_worker_deletes_only_its_own_files_of_a_cancelled_job(
    bus: Bus, bench: Bench, listener: Listener
) -> None:
    await bench.submit()
    limited = LimitedStorage(bench.root, "beats")
    async with worker(Task.BEAT_ANALYSIS, "succeed_on_signal", bus, limited, bench.root, ("drums",)):
        await listener.until(TaskProgressed)
        await bench.storage.put(f"{JOB_ID}/{BEATS}", b"stored while the gateway deleted the files")
        await bus.publish(JobCancelled(job_id=JOB_ID, at=recent(submitted()).at))

        async def files() -> set[str]:
            return {*(await bench.storage.sizes(JOB_ID))}

        await until(files, {SONG, MANIFEST})
    assert limited.refused == []
