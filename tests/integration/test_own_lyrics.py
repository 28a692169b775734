"""User lyrics, with the song and later: gateway, status and a transcriber on a real broker and database."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import httpx2
import pytest

from services.status.database.store import Store
from shared.broker.bus import Bus
from shared.events import JobCancelled
from shared.storage.job_files import LYRICS as WORDS
from shared.storage.job_files import SONG
from shared.tasks import Task
from shared.user_lyrics.text import MAX_CHARACTERS
from tests.audio import tone
from tests.fakes import LYRICS
from tests.system import Start, System, gateway, status_service, until

SUNG = Task.TRANSCRIPTION
SECRET = {"link_secret": "0123456789abcdef0123456789abcdef"}


@asynccontextmanager
async def transcriber(system: System, engine: str = "transcribe") -> AsyncIterator[None]:
    async with system.worker(engine, SUNG):
        yield


async def submit(system: System, tasks: str = SUNG, **fields: str) -> httpx2.Response:
    files = {"file": ("song.wav", tone(2))}
    return await system.client.post("/api/process", files=files, data={"tasks": tasks} | fields)


async def submitted(system: System, tasks: str = SUNG, **fields: str) -> str:
    answer = await submit(system, tasks, **fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


async def submit_typed(system: System, text: bytes, kind: str) -> httpx2.Response:
    files = {"file": ("song.wav", tone(2), "audio/wav"), "lyrics": ("words.txt", text, kind)}
    return await system.client.post("/api/process", files=files, data={"tasks": SUNG})


async def put(system: System, job_id: str, text: str | bytes = "la la", kind: str = "text/plain") -> httpx2.Response:
    return await system.client.put(f"/api/jobs/{job_id}/lyrics", content=text, headers={"Content-Type": kind})


async def lyrics(system: System, job_id: str) -> str:
    return (await system.storage.get(f"{job_id}/{LYRICS.transcription}")).decode()


async def test_lyrics_submitted_with_the_song_reach_the_transcriber(system: System) -> None:
    async with transcriber(system):
        given, plain = await submitted(system, lyrics="Sing it\r\nCafe\u0301 "), await submitted(system, lyrics=" ")
        await until(lambda: system.status(given), "completed")
        await until(lambda: system.status(plain), "completed")
    assert await lyrics(system, given) == "Sing it\nCafé"
    assert await lyrics(system, plain) == "recognized"


CHARSETS = [
    ("Café olé".encode("latin-1"), "text/plain; charset=ISO-8859-1", "Café olé"),
    ("猴子".encode("shift_jis"), 'text/plain; charset="Shift_JIS"', "猴子"),
    ("猴子".encode("utf-16"), "text/plain", "猴子"),
    ("Café".encode("utf-16-le"), "application/octet-stream", "Café"),
    ("привет".encode("koi8-r"), "Text/Plain; format=flowed; Charset=KOI8-R", "привет"),
]


async def test_lyrics_are_decoded_by_their_charset(system: System) -> None:
    async with transcriber(system):
        for sent, kind, text in CHARSETS:
            answer = await submit_typed(system, sent, kind)
            assert answer.status_code == 202, answer.text
            job_id = str(answer.json()["job_id"])
            await until(partial(system.status, job_id), "completed")
            assert await lyrics(system, job_id) == text
        assert (await put(system, job_id, CHARSETS[0][0], CHARSETS[0][1])).status_code == 202
        await until(lambda: state(system, job_id), ("completed", 1))
        assert await lyrics(system, job_id) == CHARSETS[0][2]


async def test_an_unknown_charset_is_refused_by_name(system: System) -> None:
    answer = await submit_typed(system, b"la la", "text/plain; charset=klingon-8")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_charset")
    assert "'klingon-8'" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lyrics": "[Chorus]"}, "empty_lyrics"),
        ({"lyrics": "a" * (MAX_CHARACTERS + 1)}, "lyrics_too_long"),
        ({"lyrics": "a" * 120_000}, "invalid_form"),
        ({"lyrics": "la la", "tasks": "beat_analysis"}, "invalid_option"),
    ],
)
async def test_an_upload_with_unusable_lyrics_is_refused(system: System, fields: dict[str, str], code: str) -> None:
    answer = await submit(system, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not list(system.root.rglob("*.*"))


async def test_lyrics_sent_later_replace_the_recognized_words_any_number_of_times(system: System) -> None:
    async with transcriber(system):
        job_id = await submitted(system)
        await until(lambda: system.status(job_id), "completed")
        assert await lyrics(system, job_id) == "recognized"
        for run, text in enumerate(("Sing it", "Sing it louder"), 1):
            answer = await put(system, job_id, text, "text/plain; charset=utf-8")
            assert (answer.status_code, answer.json()) == (202, {"job_id": job_id})
            await until(lambda: state(system, job_id), ("completed", run))
            assert await lyrics(system, job_id) == text


async def test_concurrent_lyrics_never_share_a_run(system: System) -> None:
    async with transcriber(system):
        job_id = await submitted(system)
        await until(lambda: system.status(job_id), "completed")
        answers = await asyncio.gather(*(put(system, job_id, text) for text in ("Sing it", "Sing it louder")))
        accepted = [answer.status_code for answer in answers].count(202)
        assert accepted
        await until(lambda: state(system, job_id), ("completed", accepted))


async def state(system: System, job_id: str) -> tuple[str, int]:
    document = await system.document(job_id)
    return document["status"], document["run"]


async def test_a_retry_of_a_failed_transcription_uses_the_stored_lyrics(system: System) -> None:
    job_id = await submitted(system, lyrics="Sing it")
    async with transcriber(system, "refuse"):
        await until(lambda: system.status(job_id), "failed")
    async with transcriber(system):
        assert (await system.client.post(f"/api/jobs/{job_id}/retry")).status_code == 202
        await until(lambda: system.status(job_id), "completed")
    assert await lyrics(system, job_id) == "Sing it"


async def test_lyrics_repair_a_failed_transcription(system: System) -> None:
    job_id = await submitted(system)
    async with transcriber(system, "refuse"):
        await until(lambda: system.status(job_id), "failed")
    async with transcriber(system):
        assert (await put(system, job_id)).status_code == 202
        await until(lambda: state(system, job_id), ("completed", 1))


async def test_lyrics_are_refused_until_the_transcription_has_ended(system: System) -> None:
    job_id = await submitted(system)
    answer = await put(system, job_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "lyrics_not_ready")
    assert int(answer.headers["retry-after"]) > 0
    assert not await system.storage.head(f"{job_id}/{WORDS}")


async def test_lyrics_are_refused_when_the_audio_is_missing(system: System) -> None:
    async with transcriber(system):
        job_id = await submitted(system)
        await until(lambda: system.status(job_id), "completed")
    (system.root / job_id / SONG).unlink()
    answer = await put(system, job_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "lyrics_not_ready")


async def test_lyrics_are_refused_for_a_job_without_a_transcription(system: System) -> None:
    job_id = await submitted(system, "beat_analysis")
    answer = await put(system, job_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_transcription")


async def test_a_cancelled_job_accepts_no_lyrics(system: System) -> None:
    job_id, other = await submitted(system), await submitted(system)
    await system.client.delete(f"/api/jobs/{job_id}")
    await system.bus.publish(JobCancelled(job_id=other, at=datetime.now(UTC)))  # its files still exist
    await until(lambda: system.status(other), "failed")
    for each in (job_id, other):
        answer = await put(system, each)
        assert (answer.status_code, answer.json()["code"]) == (409, "job_over")


async def test_a_missing_job_accepts_no_lyrics(system: System) -> None:
    answer = await put(system, "nonesuch")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


NOT_LYRICS = [
    (b"", "text/plain", 422, "empty_lyrics"),
    (b"caf\xe9", "text/plain", 422, "invalid_lyrics"),
    (b"a" * (MAX_CHARACTERS + 1), "text/plain", 422, "lyrics_too_long"),
    (b"a" * 5 * MAX_CHARACTERS + b"a", "text/plain", 413, "too_large"),
    (b'{"lyrics": "la"}', "application/json", 415, "not_text"),
    (b"la", "text/plainer", 415, "not_text"),
    (b"la", "text/plain; charset=klingon-8", 415, "unknown_charset"),
]


async def test_a_body_without_lyrics_is_refused(system: System) -> None:
    async with transcriber(system):
        job_id = await submitted(system)
        await until(lambda: system.status(job_id), "completed")
    for text, kind, status, code in NOT_LYRICS:
        answer = await put(system, job_id, text, kind)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["detail"].endswith(".")
        assert await state(system, job_id) == ("completed", 0)


async def test_an_endless_body_is_cut_off(system: System) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            yield b"la " * 3_333

    async with transcriber(system):
        job_id = await submitted(system)
        await until(lambda: system.status(job_id), "completed")
    headers = {"Content-Type": "text/plain"}
    answer = await system.client.put(f"/api/jobs/{job_id}/lyrics", content=endless(), headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert sent < 200_000


async def test_only_the_owner_may_send_lyrics_and_they_count_toward_the_rate_limit(start: Start) -> None:
    hashes = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("mine", "theirs")}
    open_system = await start(api_keys=hashes, uploads_per_minute=2, **SECRET)
    mine, theirs = open_system.with_key("mine"), open_system.with_key("theirs")
    async with transcriber(open_system):
        job_id = await submitted(mine)
        await until(lambda: mine.status(job_id), "completed")
        assert (await put(open_system, job_id)).status_code == 401
        assert (await put(theirs, job_id)).status_code == 404
        assert (await put(mine, job_id)).status_code == 202
        answer = await put(mine, job_id)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")


async def test_while_the_broker_is_unavailable_lyrics_are_stored_but_not_accepted(system: System, store: Store) -> None:
    async with transcriber(system):
        job_id = await submitted(system)
        await until(lambda: system.status(job_id), "completed")
    async with (
        Bus("amqp://127.0.0.1:1", "test") as unreachable,
        status_service(store, system.storage) as url,
        gateway(unreachable, system.storage, status_url=url) as client,
    ):
        answer = await put(System(client, unreachable, system.storage, system.root), job_id)
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")
    assert await system.storage.get(f"{job_id}/{WORDS}") == b"la la"
    assert await state(system, job_id) == ("completed", 0)


async def test_browsers_revalidate_lyrics_but_not_stems(system: System) -> None:
    async with transcriber(system):
        job_id = await submitted(system)
        await until(lambda: system.status(job_id), "completed")
    path = (await system.document(job_id))["transcription"]["transcription_path"]
    assert "no-cache" in (await system.client.get(path)).headers["cache-control"]


async def test_other_tasks_continue_while_lyrics_are_aligned(system: System) -> None:
    async with transcriber(system):
        job_id = await submitted(system, "transcription,beat_analysis")
        await until(lambda: task(system, job_id, "transcription"), "completed")
        assert (await put(system, job_id)).status_code == 202
        await until(lambda: state(system, job_id), ("processing", 1))
        await until(lambda: task(system, job_id, "transcription"), "completed")
    assert await task(system, job_id, "beat_analysis") == "queued"


async def task(system: System, job_id: str, name: str) -> str:
    return str((await system.document(job_id))[name]["status"])
