"""A job's files in every format: encoded at the first request and stored as long as the job."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import soundfile

from services.gateway.media import encode, processes
from services.gateway.media.processes import ChildResult
from services.gateway.results.archive import ZipArchives
from services.gateway.results.current import CurrentFiles
from services.gateway.results.names import ENCODABLE
from shared.broker.bus import Bus
from shared.events import Options
from shared.storage.job_files import Storage
from tests.audio import tone
from tests.fakes import submitted
from tests.system import KEYS, PHONE, WEB, Start, gateway

JOB = "abc123"
SONG = tone(2.5)
SAMPLES = int(2.5 * 44_100)


async def put(storage: Storage, **files: bytes) -> None:
    """Store files of a job by name, with `_` in place of `.`."""
    for name, content in files.items():
        await storage.put(f"{JOB}/{name.replace('_', '.')}", content)


@pytest.fixture
async def client(bus: Bus, storage: Storage) -> AsyncIterator[httpx2.AsyncClient]:
    await storage.put_manifest(submitted(name="Café del Mar.mp3"))
    async with gateway(bus, storage) as client:
        yield client


class Encoder:
    """Counts the calls of the real encoder; it waits while `go_on` is cleared."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.has_been_asked = asyncio.Event()
        self.was_cancelled = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def answer(self, module: str, *arguments: str | Path) -> ChildResult | None:
        self.asked.append(Path(arguments[1]).name)
        self.has_been_asked.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise
        return await processes.run_child(module, *arguments)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    encoder = Encoder()
    monkeypatch.setattr(encode, "run_child", encoder.answer)
    return encoder


def decoded(content: bytes) -> tuple[np.ndarray[Any, Any], int]:
    samples, rate = soundfile.read(io.BytesIO(content), always_2d=True)
    return samples, int(rate)


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "opus"])
@pytest.mark.parametrize("made", ["wav", "flac", "mp3", "opus"])
async def test_a_stem_is_served_in_every_format_at_its_full_length(
    client: httpx2.AsyncClient, storage: Storage, made: str, form: str
) -> None:
    rate, file = (48_000 if made == "opus" else 44_100), io.BytesIO()
    wave = 0.3 * np.sin(np.arange(int(2.5 * rate)) ** 1.5 / 4000)
    kind = {"format": "OGG", "subtype": "OPUS"} if made == "opus" else {"format": made.upper()}
    soundfile.write(file, np.column_stack([wave, wave]), rate, **kind)
    await put(storage, **{f"vocals_{made}": file.getvalue()})
    answer = await client.get(f"/storage/{JOB}/cafe-del-mar_vocals.{form}")
    assert answer.status_code == 200, answer.text
    types = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "opus": "audio/ogg"}
    assert answer.headers["content-type"] == types[form]
    samples, got = decoded(answer.content)
    truth, _ = decoded(file.getvalue())
    assert (got, samples.shape[1]) == (48_000 if form == "opus" else rate, 2)
    assert len(samples) == len(wave) * got // rate
    if got == rate:
        assert np.corrcoef(samples[:, 0], truth[:, 0])[0, 1] > 0.99  # a delay of one millisecond gives 0
    if {made, form} <= {"wav", "flac"}:
        assert np.array_equal(samples, truth)


async def test_a_file_is_encoded_once_and_served_like_other_results(
    client: httpx2.AsyncClient, storage: Storage, encoder: Encoder
) -> None:
    await put(storage, bass_wav=SONG)
    path = f"/storage/{JOB}/cafe-del-mar_bass.flac"
    head = await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    whole = await client.get(path)
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["etag"] == whole.headers["etag"]
    part = await client.get(path, headers={"Range": "bytes=100-199", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert (await client.get(path, headers={"If-None-Match": whole.headers["etag"]})).status_code == 304
    assert encoder.asked == ["bass.flac"]
    assert await storage.head(f"{JOB}/bass.flac")


async def test_concurrent_requests_for_a_file_share_one_encoding(
    client: httpx2.AsyncClient, storage: Storage, encoder: Encoder
) -> None:
    await put(storage, bass_wav=SONG, other_wav=SONG)
    encoder.go_on.clear()
    paths = [f"/storage/{JOB}/song_bass.mp3"] * 5 + [f"/storage/{JOB}/song_other.mp3"] * 5
    asking = [asyncio.create_task(client.get(path)) for path in paths]
    await asyncio.wait_for(encoder.has_been_asked.wait(), 20)
    asking.pop(0).cancel()  # a cancelled request does not cancel the others
    encoder.go_on.set()
    answers = await asyncio.gather(*asking)
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(encoder.asked) == ["bass.mp3", "other.mp3"]


async def test_an_encoding_ends_when_nobody_waits_for_it_and_starts_again_for_the_next(
    client: httpx2.AsyncClient, storage: Storage, encoder: Encoder
) -> None:
    await put(storage, bass_wav=SONG)
    encoder.go_on.clear()
    asking = [asyncio.create_task(client.get(f"/storage/{JOB}/song_bass.mp3")) for _ in range(2)]
    await asyncio.wait_for(encoder.has_been_asked.wait(), 20)
    for request in asking:
        request.cancel()
    await asyncio.wait_for(encoder.was_cancelled.wait(), 20)
    encoder.go_on.set()
    assert (await client.get(f"/storage/{JOB}/song_bass.mp3")).status_code == 200


async def test_lossless_files_are_preferred_as_the_source(
    client: httpx2.AsyncClient, storage: Storage, tmp_path: Path
) -> None:
    await put(storage, drums_mp3=b"not even audio", drums_wav=SONG)
    assert (await client.get(f"/storage/{JOB}/song_drums.opus")).status_code == 200


async def test_a_file_is_encoded_again_if_its_source_is_replaced_meanwhile(
    client: httpx2.AsyncClient, storage: Storage, encoder: Encoder
) -> None:
    await put(storage, click_flac=tone(2.5, form="FLAC"))
    encoder.go_on.clear()
    asking = asyncio.create_task(client.get(f"/api/jobs/{JOB}/click.wav"))
    await asyncio.wait_for(encoder.has_been_asked.wait(), 20)
    await put(storage, click_flac=tone(1.5, form="FLAC"))
    encoder.go_on.set()
    samples, rate = decoded((await asking).content)
    assert len(samples) == 1.5 * rate
    assert encoder.asked == ["click.wav", "click.wav"]


async def test_browsers_revalidate_results_that_may_be_replaced(client: httpx2.AsyncClient, storage: Storage) -> None:
    await put(storage, beats_json=b"{}", click_flac=SONG, drums_peaks_json=b"{}")
    names = ("beats.json", "click.flac", "peaks/drums.json")
    kept = [(await client.get(f"/api/jobs/{JOB}/{name}")).headers["cache-control"] for name in names]
    assert kept == ["private, no-cache", "private, no-cache", "private, max-age=3600"]


@pytest.mark.parametrize("when", ["while it is encoded", "while it is put"])
async def test_a_job_cancelled_during_an_encoding_leaves_no_files(
    client: httpx2.AsyncClient,
    storage: Storage,
    encoder: Encoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    await put(storage, bass_wav=SONG)
    encoder.go_on.clear()
    asking = asyncio.create_task(client.get(f"/storage/{JOB}/song_bass.mp3"))
    await asyncio.wait_for(encoder.has_been_asked.wait(), 20)
    if when == "while it is encoded":
        await storage.delete_job(JOB)
    else:
        real = Storage.put

        async def slow(self: Storage, key: str, content: bytes | Path) -> None:
            await real(self, key, content)
            await storage.delete_job(JOB)
            await real(self, key, content)

        monkeypatch.setattr(Storage, "put", slow)
    encoder.go_on.set()
    assert (await asking).status_code == 404
    assert not (tmp_path / "storage" / JOB).exists()


async def test_too_many_pending_encodings_are_refused_with_retry_after(
    client: httpx2.AsyncClient, storage: Storage, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode, "MAX_PENDING", 1)
    await put(storage, bass_wav=SONG, other_wav=SONG)
    encoder.go_on.clear()
    first = asyncio.create_task(client.get(f"/storage/{JOB}/song_bass.mp3"))
    await asyncio.wait_for(encoder.has_been_asked.wait(), 20)
    busy = await client.get(f"/storage/{JOB}/song_other.mp3")
    assert (busy.status_code, busy.json()["code"]) == (503, "busy")
    assert int(busy.headers["retry-after"]) > 0
    assert (await client.get(f"/storage/{JOB}/song_other.wav")).status_code == 200  # existing files are served
    encoder.go_on.set()
    assert (await first).status_code == 200
    assert (await client.get(f"/storage/{JOB}/song_other.mp3")).status_code == 200


async def test_a_full_disk_and_an_unreadable_stem_are_reported(
    client: httpx2.AsyncClient, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(storage, bass_wav=b"no audio")
    answer = await client.get(f"/storage/{JOB}/song_bass.mp3")
    assert (answer.status_code, answer.json()["code"]) == (500, "not_encoded")

    async def full(*_: object) -> ChildResult:
        return {"code": "storage_full"}

    monkeypatch.setattr(encode, "run_child", full)
    answer = await client.get(f"/storage/{JOB}/song_bass.mp3")
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")


@pytest.mark.parametrize(
    "path",
    [
        f"/storage/{JOB}/song_vocals.ogg",
        f"/storage/{JOB}/song_bass.mp3",
        f"/storage/{JOB}/song_song.wav",
        f"/api/jobs/{JOB}/lyrics.exe",
        f"/api/jobs/{JOB}/lyrics.lrc",
        f"/api/jobs/{JOB}/beats.json",
        f"/api/jobs/{JOB}/click.aac",
        f"/api/jobs/{JOB}/click.mp3",
        f"/api/jobs/{JOB}/peaks/song.json",
        f"/api/jobs/{JOB}/peaks/vocals.json",
        "/api/jobs/nobody/download.zip",
        "/api/jobs/%0a/lyrics.lrc",
    ],
)
async def test_a_missing_result_is_not_found(client: httpx2.AsyncClient, storage: Storage, path: str) -> None:
    await put(storage, vocals_wav=SONG, song_flac=SONG)
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "result_not_found")


async def test_every_file_of_a_job_has_a_fixed_name(client: httpx2.AsyncClient, storage: Storage) -> None:
    lyrics = {f"lyrics_{form}": form.encode() for form in ("json", "txt", "lrc", "elrc", "srt", "vtt", "ass")}
    await put(storage, **lyrics, beats_json=b"{}", vocals_peaks_json=b'{"version":2}', click_flac=tone(1, form="FLAC"))
    await put(storage, song_peaks_json=b'{"version":2,"length":0}')
    for name, content in lyrics.items():
        answer = await client.get(f"/api/jobs/{JOB}/{name.replace('_', '.')}?download")
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-disposition"].endswith(f"Caf%C3%A9%20del%20Mar_{name.replace('_', '.')}")
        assert answer.headers["cache-control"] == "private, no-cache"  # user lyrics may replace them
    assert (await client.get(f"/api/jobs/{JOB}/beats.json")).content == b"{}"
    assert (await client.get(f"/api/jobs/{JOB}/peaks/vocals.json")).json() == {"version": 2}
    assert (await client.get(f"/api/jobs/{JOB}/peaks/song.json")).json() == {"version": 2, "length": 0}
    clicks, rate = decoded((await client.get(f"/api/jobs/{JOB}/click.wav")).content)
    assert (len(clicks), rate) == (44_100, 44_100)
    answer = await client.get(f"/api/jobs/{JOB}/lyrics.lrc", headers={"Range": "bytes=1-"})
    assert (answer.status_code, answer.content) == (206, b"rc")
    assert (await client.head(f"/api/jobs/{JOB}/lyrics.ass")).headers["content-type"].startswith("text/x-ssa")


def unzipped(answer: httpx2.Response, tmp_path: Path) -> dict[str, bytes]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert file.testzip() is None
        return {info.filename: file.read(info) for info in file.infolist()}


async def test_a_zip_contains_all_results_named_after_the_song(
    client: httpx2.AsyncClient, storage: Storage, tmp_path: Path
) -> None:
    path = f"/api/jobs/{JOB}/download.zip"
    early = await client.get(path)
    assert (early.status_code, early.json()["code"], early.headers["retry-after"]) == (409, "nothing_yet", "3")
    files = {"vocals_wav": SONG, "lyrics_txt": b"", "lyrics_json": b"{}" * 99, "beats_json": b"[]", "click_flac": b"c"}
    await put(storage, **files, song_flac=b"private", vocals_mp3=b"cached", vocals_peaks_json=b"{}")
    answer = await client.get(path)
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"cafe-del-mar_karaoke.zip\"; filename*=UTF-8''Caf%C3%A9%20del%20Mar_karaoke.zip"
    )
    named = {f"Café del Mar/Café del Mar_{name.replace('_', '.')}": content for name, content in files.items()}
    assert unzipped(answer, tmp_path) == named
    assert (await client.head(path)).headers["content-type"] == "application/zip"


async def test_a_zip_contains_stems_in_the_requested_format(
    client: httpx2.AsyncClient, storage: Storage, tmp_path: Path
) -> None:
    await put(storage, vocals_wav=SONG, bass_wav=SONG, lyrics_lrc=b"[00:01.00]la")
    files = unzipped(await client.get(f"/api/jobs/{JOB}/download.zip?format=opus"), tmp_path)
    assert sorted(name.partition("_")[2] for name in files) == ["bass.opus", "lyrics.lrc", "vocals.opus"]
    assert (await client.get(f"/api/jobs/{JOB}/download.zip?format=exe")).status_code == 422


async def test_a_stem_made_as_mp3_is_zipped_as_mp3(bus: Bus, storage: Storage, tmp_path: Path) -> None:
    await storage.put_manifest(submitted().model_copy(update={"options": Options(format="mp3")}))
    await put(storage, vocals_mp3=b"as it was made", vocals_wav=b"cached")
    async with gateway(bus, storage) as client:
        files = unzipped(await client.get(f"/api/jobs/{JOB}/download.zip"), tmp_path)
    assert files == {"espresso/espresso_vocals.mp3": b"as it was made"}


NEW = ["lyrics.json", "beats.json", "click.flac", "click.mp3", "peaks/vocals.json", "peaks/song.json", "download.zip"]


async def test_a_client_that_disconnects_from_a_zip_leaves_no_file_open(storage: Storage, tmp_path: Path) -> None:
    def open_files() -> list[str]:
        links = [str(link.resolve()) for link in Path("/proc/self/fd").iterdir()]
        return [link for link in links if link.startswith(str(tmp_path.resolve()))]

    submission = submitted()
    await put(storage, vocals_wav=bytes(20_000_000), bass_wav=bytes(20_000_000))
    archives = ZipArchives(storage, CurrentFiles(storage, encode.Encodings(storage, ENCODABLE)))
    stream = archives.stream(submission, await archives.contents(submission, None), ("address", "client"))
    async with aclosing(stream) as chunks:
        received = 0
        async for chunk in chunks:
            received += len(chunk)
            if received > 1_000_000:
                break
        assert open_files()
    assert not open_files()


@pytest.mark.parametrize("path", NEW)
async def test_keys_and_links_give_access_to_all_files(start: Start, path: str) -> None:
    locked = await start(**KEYS)
    web, phone = locked.with_key(WEB), locked.with_key(PHONE)
    job_id = (await web.finished())["job_id"]
    await web.storage.put(f"{job_id}/click.flac", tone(1, form="FLAC"))
    await web.storage.put(f"{job_id}/vocals.peaks.json", b"{}")
    await web.storage.put(f"{job_id}/song.peaks.json", b"{}")
    url = f"/api/jobs/{job_id}/{path}"
    links = (await web.client.get(f"/api/jobs/{job_id}/links")).json()["links"]
    token = links["zip_path"].partition("?")[2]
    assert links["zip_path"].startswith(f"/api/jobs/{job_id}/download.zip?token=")
    assert links["click_path"].startswith(f"/api/jobs/{job_id}/click.flac?token=")
    assert links["vocals_peaks_path"].startswith(f"/api/jobs/{job_id}/peaks/vocals.json?token=")
    assert (await locked.client.get(url)).status_code == 401
    assert (await phone.client.get(url)).status_code == 404
    assert (await web.client.get(url)).status_code == 200
    assert (await locked.client.get(f"{url}?{token}")).status_code == 200
    assert (await locked.client.get(f"{url}?{token[:-1]}")).status_code == 401
    other = (await web.finished())["job_id"]
    assert (await locked.client.get(f"{url.replace(job_id, other)}?{token}")).status_code == 401
