"""The public API with a real broker and a real decoder, without a status service."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

import httpx2
import pytest
import soundfile

from shared.broker.bus import Bus
from shared.errors import StorageUnavailableError
from shared.events import JobSubmitted
from shared.storage.job_files import SONG, TAGS, Storage
from shared.tasks import Task
from tests.audio import tone
from tests.fakes import submitted
from tests.outage import unavailable
from tests.system import Listener, gateway, submit


@pytest.fixture
async def client(bus: Bus, storage: Storage) -> AsyncIterator[httpx2.AsyncClient]:
    async with gateway(bus, storage, max_upload_bytes=2_000_000) as client:
        yield client


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3"])
async def test_a_song_is_decoded_stored_and_published(
    client: httpx2.AsyncClient, storage: Storage, listener: Listener, tmp_path: Path, form: str
) -> None:
    content = tone(2, rate=22_050, channels=1, form=form)
    answer = await submit(client, content, name="../../Zoë's song.bin", tasks="beat_analysis, stem_separation")
    assert answer.status_code == 202
    job_id = answer.json()["job_id"]
    assert answer.headers["location"] == f"/api/status/{job_id}"
    event = (await listener.until(JobSubmitted))[-1]
    assert isinstance(event, JobSubmitted)
    assert (event.job_id, event.song.name, event.song.file_size) == (job_id, "Zoë's song.bin", len(content))
    assert event.options.tasks == (Task.BEAT_ANALYSIS, Task.STEM_SEPARATION)
    assert await storage.manifest(job_id) == event
    samples, rate = soundfile.read(await storage.fetch(f"{job_id}/{SONG}", tmp_path / SONG))
    assert (rate, samples.shape[1]) == (44_100, 2)
    assert abs(len(samples) / rate - 2) < 0.1
    assert abs(event.song.audio_duration - len(samples) / rate) < 0.001


@pytest.mark.parametrize(
    ("song", "stored"),
    [
        (tone(2, title="Over the Sea", artist="Nobody"), b'{"title":"Over the Sea","artist":"Nobody"}'),
        (tone(2, title="Over the Sea"), None),
    ],
)
async def test_title_and_artist_of_an_upload_are_stored_if_it_names_both(
    client: httpx2.AsyncClient, storage: Storage, tmp_path: Path, song: bytes, stored: bytes | None
) -> None:
    job_id = (await submit(client, song)).json()["job_id"]
    found = tmp_path / TAGS
    assert (await storage.fetch_if_there(f"{job_id}/{TAGS}", found)) == (stored is not None)
    assert stored is None or found.read_bytes() == stored


@pytest.mark.parametrize(
    ("content", "options", "status", "code"),
    [
        (b"", {}, 422, "empty_file"),
        (b"these are only words", {}, 415, "not_audio"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", {}, 415, "not_audio"),
        (bytes(1000), {}, 415, "not_audio"),
        (tone(0.2), {}, 422, "too_short"),
        (tone(21, rate=8000), {}, 422, "too_long"),
        (tone(12), {}, 413, "too_large"),
        (tone(2), {"tasks": "dance"}, 422, "invalid_option"),
        (tone(2), {"format": "exe"}, 422, "invalid_option"),
        (tone(2), {"model": "../secret"}, 422, "invalid_option"),
        (tone(2), {"language": "English, please"}, 422, "invalid_option"),
        (tone(2), {"language": "xx"}, 422, "invalid_option"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_an_unusable_upload_is_refused_and_not_stored(
    client: httpx2.AsyncClient, tmp_path: Path, content: bytes, options: dict[str, str], status: int, code: str
) -> None:
    answer = await submit(client, content, **options)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"].endswith(".")
    assert not list((tmp_path / "storage").rglob("*.*"))


async def test_a_damaged_song_is_refused(client: httpx2.AsyncClient) -> None:
    content = bytearray(tone(8, form="MP3"))
    content[2000::31] = b"\x55" * len(content[2000::31])
    answer = await submit(client, bytes(content))
    assert answer.status_code in (415, 422)
    assert answer.json()["code"] in ("corrupt", "not_audio")


async def test_a_request_without_a_form_or_a_file_is_refused_with_instructions(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/process", json={"file": "song.wav"})
    assert (answer.status_code, answer.json()["code"]) == (415, "not_a_form")
    answer = await client.post("/api/process", files={"song": ("song.wav", tone(2))})
    assert (answer.status_code, answer.json()["code"]) == (422, "file_missing")


async def test_a_form_with_two_files_or_invalid_bytes_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/process", files=[("file", ("a.wav", tone(2))), ("file", ("b.wav", tone(2)))])
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_form")


@pytest.mark.parametrize(
    ("parameter", "shown"),
    [
        (b'filename="caf\xe9.wav"', "caf\ufffd.wav"),
        ('filename="曲.wav"'.encode("shift-jis"), "\ufffd\ufffd.wav"),
        ('filename="曲.wav"'.encode(), "曲.wav"),
        (b"filename=\"x.wav\"; filename*=UTF-8''%e6%9b%b2.wav", "曲.wav"),
        (b'filename="C:\\songs\\my song.wav"', "my song.wav"),
    ],
)
async def test_a_file_name_in_any_encoding_is_accepted(
    client: httpx2.AsyncClient, storage: Storage, parameter: bytes, shown: str
) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; ' + parameter + b"\r\n\r\n"
    form = head + tone(2) + b"\r\n--x--\r\n"
    answer = await client.post(
        "/api/process", content=form, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 202
    submission = await storage.manifest(answer.json()["job_id"])
    assert submission
    assert submission.song.name == shown


async def test_ten_songs_with_japanese_names_have_ten_download_names(
    client: httpx2.AsyncClient, storage: Storage
) -> None:
    names: dict[str, set[str]] = {"filename": set(), "filename*": set()}
    for index, char in enumerate("春夏秋冬花鳥風月雪空"):
        job_id = f"{index}bc123"
        await storage.put_manifest(submitted(name=f"{char}の歌.mp3", job_id=job_id))
        await storage.put(f"{job_id}/vocals.wav", BODY)
        for path in (f"/storage/{job_id}/song_vocals.wav?download", f"/api/jobs/{job_id}/download.zip"):
            saved_as = (await client.get(path)).headers["content-disposition"]
            for parameter in saved_as.split("; ")[1:]:
                name, _, value = parameter.partition("=")
                names[name].add(value)
        assert unquote(saved_as).endswith(f"UTF-8''{char}の歌_karaoke.zip")
    assert {name: len(found) for name, found in names.items()} == {"filename": 20, "filename*": 20}


async def test_a_malformed_job_id_is_not_found(client: httpx2.AsyncClient) -> None:
    for job_id in ("%0a", "a%00b", "abc%3Fx", "x" * 300):
        answer = await client.get(f"/api/status/{job_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


async def test_without_a_broker_nothing_is_accepted_but_results_are_served(storage: Storage, tmp_path: Path) -> None:
    async with Bus("amqp://127.0.0.1:1", "test") as bus, gateway(bus, storage) as client:
        accepting, readiness = await asyncio.gather(submit(client, tone(2)), client.get("/readyz"))
        assert (accepting.status_code, accepting.json()["code"]) == (503, "broker_unavailable")
        assert int(accepting.headers["retry-after"]) > 0
        assert not list((tmp_path / "storage").rglob("*.*"))
        assert (readiness.status_code, readiness.json()["unavailable"]) == (200, ["broker_unavailable"])
        assert (await client.get("/livez")).status_code == 200
        await storage.put("abc123/vocals.wav", BODY)
        assert (await client.get("/storage/abc123/espresso_vocals.wav")).content == BODY


async def test_without_the_storage_uploads_and_downloads_are_asked_to_try_again(
    client: httpx2.AsyncClient, storage: Storage, tmp_path: Path
) -> None:
    paths = ["/storage/abc/a_vocals.wav", *(f"/api/jobs/abc/{name}" for name in ("download.zip", "lyrics.lrc"))]
    with unavailable(tmp_path / "storage"):
        for answer in [await submit(client, tone(2)), *[await client.get(path) for path in paths]]:
            assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
            assert int(answer.headers["retry-after"]) > 0
    assert {(await client.get(path)).status_code for path in paths} == {404}
    assert (await submit(client, tone(2))).status_code == 202


async def test_a_job_that_the_broker_has_is_accepted_although_the_storage_fails_then(
    client: httpx2.AsyncClient, storage: Storage, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(job_id: str) -> None:
        raise StorageUnavailableError("away")

    monkeypatch.setattr(storage, "mark_announced", away)
    answer = await submit(client, tone(2))
    assert answer.status_code == 202
    event = (await listener.until(JobSubmitted))[-1]
    assert event.job_id == answer.json()["job_id"]
    assert await storage.manifest(event.job_id) == event


async def test_only_pages_of_allowed_origins_may_call_the_api(bus: Bus, storage: Storage) -> None:
    asked = {"Origin": "https://sing.example", "Access-Control-Request-Method": "POST"}
    async with gateway(bus, storage, cors_origins=["https://sing.example"]) as client:
        assert (await client.options("/api/process", headers=asked)).status_code == 200
    async with gateway(bus, storage) as client:
        assert (await client.options("/api/process", headers=asked)).status_code == 400


async def test_a_poll_without_the_status_service_gets_503(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/status/abc123")
    assert (answer.status_code, answer.json()["code"]) == (503, "status_unavailable")


BODY = bytes(range(256)) * 40


@pytest.fixture
async def path(storage: Storage) -> str:
    await storage.put("abc123/vocals.wav", BODY)
    return "/storage/abc123/espresso_vocals.wav"


async def test_a_result_is_served_with_its_type_and_length(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-length"] == str(len(BODY))
    assert answer.headers["x-content-type-options"] == "nosniff"
    head = await client.head(path)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(BODY)))


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-99", BODY[:100]),
        ("bytes=100-", BODY[100:]),
        ("bytes=-7", BODY[-7:]),
        ("bytes=9000-99999", BODY[9000:]),
    ],
)
async def test_a_player_can_request_a_range(client: httpx2.AsyncClient, path: str, asked: str, part: bytes) -> None:
    answer = await client.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, part)
    first, last, size = map(int, re.findall(r"\d+", answer.headers["content-range"]))
    assert BODY[first : last + 1] == part
    assert size == len(BODY)


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-3", "pages=1-2", "bytes=-"])
async def test_an_unsupported_range_gives_the_whole_file(client: httpx2.AsyncClient, path: str, asked: str) -> None:
    answer = await client.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, BODY)


async def test_a_range_outside_the_file_is_refused(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Range": "bytes=99999-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(BODY)}")


async def test_an_unchanged_result_is_not_sent_again(client: httpx2.AsyncClient, storage: Storage, path: str) -> None:
    etag = (await client.get(path)).headers["etag"]
    assert (await client.get(path, headers={"If-None-Match": etag})).status_code == 304
    assert (await client.get(path, headers={"Range": "bytes=0-1", "If-Range": etag})).status_code == 206
    await storage.put("abc123/vocals.wav", BODY[:-1])
    assert (await client.get(path, headers={"If-None-Match": etag})).status_code == 200
    assert (await client.get(path, headers={"Range": "bytes=0-1", "If-Range": etag})).status_code == 200


async def test_a_download_is_named_after_the_song(client: httpx2.AsyncClient, storage: Storage, path: str) -> None:
    await storage.put_manifest(submitted(name="espresso.mp3"))
    answer = await client.get(f"{path}?download")
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"espresso_vocals.wav\"; filename*=UTF-8''espresso_vocals.wav"
    )


@pytest.mark.parametrize(
    "path",
    [
        "abc123/song.flac",
        "abc123/manifest.json",
        "abc123/../abc123/vocals.wav",
        "..%2Fabc123/vocals.wav",
        "x/a_vocals.wav",
    ],
)
async def test_only_results_are_served(client: httpx2.AsyncClient, storage: Storage, path: str) -> None:
    for name in (SONG, "manifest.json"):
        await storage.put(f"abc123/{name}", b"private")
    assert (await client.get(f"/storage/{path}")).status_code == 404
