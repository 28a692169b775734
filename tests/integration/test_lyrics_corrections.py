"""A user corrects words and their times: gateway and status on a real broker and database."""

import asyncio
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

from shared.errors import TransientError
from shared.events import Event
from shared.lyrics.formats import PLAYABLE
from shared.storage.job_files import Storage
from shared.tasks import Task
from tests.fakes import completed
from tests.integration.sung_job import get, put, put_found, reword, shown, sung
from tests.result_files import LINES, beats_json
from tests.system import KEYS, PHONE, WEB, Start, System, reason, until

TRANSCRIPTION = Task.TRANSCRIPTION


async def publish(system: System, job_id: str, event: Event) -> None:
    await system.bus.publish(event.model_copy(update={"job_id": job_id, "at": datetime.now(UTC)}))


async def test_a_changed_word_is_in_every_format_and_can_be_taken_back(system: System) -> None:
    job_id = await sung(system)
    heard = await get(system, job_id)
    before = await system.document(job_id)
    answer = await reword(system, job_id)
    assert answer.status_code == 200, answer.text
    found = await get(system, job_id)
    assert (found.json(), found.headers["etag"]) == (answer.json(), answer.headers["etag"])
    words = [word for line in found.json()["lines"] for word in line["words"]]
    assert [(word["text"], word["origin"], word["confidence"]) for word in words] == [
        ("Early", "heard", 0.9),
        ("morning", "edited", None),
        ("by", "heard", 0.8),
        ("the", "estimated", 0.7),
        ("river", "heard", 0.9),
    ]
    await until(lambda: shown(system, job_id), (True, 5))
    after = await system.document(job_id)
    assert (after["status"], after["processing_time"]) == (before["status"], before["processing_time"])

    paths = [f"/api/jobs/{job_id}/lyrics.{form}" for form in ("json", *PLAYABLE)]
    paths += [after["transcription"][f"{field}_path"] for field in ("transcription", "lrc", "srt", "vtt")]
    for path in paths:
        text = (await system.client.get(path)).text
        assert ("morning" in text, "mourning" in text) == (True, False), path
        assert (await system.client.head(path)).status_code == 200
    with zipfile.ZipFile(io.BytesIO((await get(system, job_id, "download.zip")).content)) as zipped:
        names = [name for name in zipped.namelist() if "lyrics." in name]
        assert len(names) == 1 + len(PLAYABLE)
        assert all(b"morning" in zipped.read(name) for name in names)
    for form in ("json", *PLAYABLE):
        text = (await get(system, job_id, f"lyrics.{form}", version="heard")).text
        assert ("morning" in text, "mourning" in text) == (False, True), form
    assert (await system.client.get(f"/api/jobs/{job_id}/lyrics.lrc?version=other")).status_code == 422

    assert (await system.client.delete(f"/api/jobs/{job_id}/lyrics.json")).status_code == 204
    again = await get(system, job_id)
    assert (again.content, again.headers["etag"]) == (heard.content, heard.headers["etag"])
    assert "mourning" in (await get(system, job_id, "lyrics.lrc")).text
    await until(lambda: shown(system, job_id), (False, 42))
    assert (await system.client.delete(f"/api/jobs/{job_id}/lyrics.json")).status_code == 204


async def test_bars_follow_the_beats_before_and_after_a_correction(system: System) -> None:
    job_id = await sung(system)
    assert (await reword(system, job_id)).status_code == 200

    async def places(**query: str) -> list[tuple[Any, Any]]:
        document = (await get(system, job_id, **query)).json()
        return [(line["bar"], line["beat"]) for line in document["lines"]]

    assert await places() == [(0, 4.0), (1, 1.5)]
    await system.storage.put(f"{job_id}/beats.json", beats_json(first=0.3))
    assert await places() == [(0, 4.5), (1, 2.0)], "refined beats"
    await system.client.put(f"/api/jobs/{job_id}/beats", json={"first_downbeat": 0.3})
    assert await places() == [(1, 1.5), (1, 3.0)]
    assert await places(version="heard") == [(1, 1.5), (1, 3.0)]
    assert (await reword(system, job_id, "evening")).json()["lines"][1]["beat"] == 3.0
    await system.client.delete(f"/api/jobs/{job_id}/beats")
    assert await places() == [(0, 4.5), (1, 2.0)]


async def test_two_editors_cannot_overwrite_each_other(system: System) -> None:
    job_id = await sung(system)
    answers = await asyncio.gather(*(reword(system, job_id, f"{count} o'clock") for count in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    kept = next(answer for answer in answers if answer.status_code == 200)
    assert (await get(system, job_id)).content == kept.content
    late = await put(system, job_id, {"lines": []}, '"another"')
    assert reason(late) == (412, "lyrics_changed")
    stale = {"If-Match": (await get(system, job_id, version="heard")).headers["etag"]}
    assert (await system.client.delete(f"/api/jobs/{job_id}/lyrics.json", headers=stale)).status_code == 412
    assert (await reword(system, job_id)).status_code == 200


async def test_without_a_condition_the_last_edit_holds_in_files_and_document(system: System) -> None:
    job_id = await sung(system)
    word = {"start": 0.1, "end": 0.2}
    documents = [{"lines": [{"words": [{"text": f"{count}", **word}]}] * bool(count)} for count in range(5)]
    documents[1]["lines"].append({"words": [{"text": "two", "start": 0.5, "end": 1}]})
    answers = await asyncio.gather(*(put(system, job_id, document) for document in documents))
    assert {answer.status_code for answer in answers} == {200}
    lines = (await get(system, job_id)).json()["lines"]
    await until(lambda: shown(system, job_id), (True, len(lines)))
    for form in PLAYABLE:
        await get(system, job_id, f"lyrics.{form}")
    await put(system, job_id, documents[1])
    there = {name for name in await system.storage.sizes(job_id) if name.startswith("lyrics-")}
    assert {name.split("-")[1].partition(".")[0] for name in there} == {"5", "6"}, "two corrections are kept"


async def test_a_late_or_repeated_transcription_does_not_replace_a_correction(system: System) -> None:
    job_id = await sung(system)
    kept = await reword(system, job_id)
    await put_found(system, job_id, LINES[0])
    await publish(system, job_id, completed(TRANSCRIPTION, attempt=2))
    await until(lambda: shown(system, job_id), (True, 5))
    found = await get(system, job_id)
    assert (found.json(), found.headers["etag"]) == (kept.json(), kept.headers["etag"])
    assert len((await get(system, job_id, version="heard")).json()["lines"]) == 1
    await system.client.delete(f"/api/jobs/{job_id}/lyrics.json")
    assert len((await get(system, job_id)).json()["lines"]) == 1


async def test_new_lyrics_take_a_correction_back_and_edits_wait_for_their_alignment(start: Start) -> None:
    system = await start()
    job_id = str((await system.upload(tasks="transcription")).json()["job_id"])
    await publish(system, job_id, completed(TRANSCRIPTION))
    await put_found(system, job_id, *LINES)
    await until(lambda: system.status(job_id), "completed")
    known = (await reword(system, job_id)).headers["etag"]
    sent = await system.client.put(
        f"/api/jobs/{job_id}/lyrics", content="My own words", headers={"Content-Type": "text/plain"}
    )
    assert sent.status_code == 202, sent.text
    await until(lambda: system.status(job_id), "queued")
    answer = await put(system, job_id, {"lines": []}, known)
    assert (reason(answer), "retry-after" in answer.headers) == ((409, "lyrics_not_ready"), True)
    await put_found(system, job_id, LINES[1])
    await publish(system, job_id, completed(TRANSCRIPTION, run=1))
    await until(lambda: system.status(job_id), "completed")
    assert (await shown(system, job_id))[0] is False
    assert len((await get(system, job_id)).json()["lines"]) == 1
    assert reason(await put(system, job_id, {"lines": []}, known)) == (412, "lyrics_changed")


async def test_words_in_a_song_without_singing_remove_its_note(system: System) -> None:
    job_id = await sung(system)
    await put_found(system, job_id)
    silent = completed(TRANSCRIPTION, attempt=2)
    await publish(
        system, job_id, silent.model_copy(update={"result": silent.result.model_copy(update={"word_count": 0})})
    )

    async def codes() -> list[str]:
        return [note["code"] for note in (await system.document(job_id))["notes"]]

    await until(codes, ["no_singing"])
    answer = await put(system, job_id, {"lines": [{"words": [{"text": "Hm", "start": 1, "end": 1.5}]}]})
    assert (answer.json()["note"], answer.json()["lines"][0]["confidence"]) == (None, None)
    await until(codes, [])


async def test_edits_that_are_not_possible_are_refused(system: System) -> None:
    job_id = await sung(system)
    document = (await get(system, job_id)).json()
    document["lines"][1]["words"][1]["start"] = 1.35
    answer = await put(system, job_id, document)
    assert reason(answer) == (422, "invalid_times")
    assert answer.json()["detail"].startswith("Line 2, word 2 begins at 1.35 s, before the word before it ends")
    long = {"lines": [{"words": [{"text": "end", "start": 1.5, "end": 2.1}]}]}
    assert "the song has only 2 s" in (await put(system, job_id, long)).json()["detail"]
    assert reason(await put(system, job_id, {"lines": 7})) == (422, "invalid_request")
    assert reason(await put(system, job_id, "x" * 1_000_001)) == (413, "too_large")
    path = f"/api/jobs/{job_id}/lyrics.json"
    assert reason(await system.client.put(path, content="{}")) == (415, "not_json")
    assert (await system.client.put(f"/api/jobs/{job_id}/lyrics.lrc", json={})).status_code == 405
    assert not [name for name in await system.storage.sizes(job_id) if name.startswith("lyrics-")]
    waiting = await system.submit()
    assert reason(await put(system, waiting, {"lines": []})) == (409, "lyrics_not_ready")
    await system.client.delete(f"/api/jobs/{job_id}")
    await until(lambda: system.status(job_id), "failed")
    assert reason(await put(system, job_id, {"lines": []})) == (404, "result_not_found")
    assert reason(await put(system, "nonesuch", {"lines": []})) == (404, "job_not_found")
    assert not (system.root / job_id).exists()


async def test_another_owner_finds_no_lyrics_to_correct(start: Start) -> None:
    system = await start(**KEYS)
    job_id = await sung(system.with_key(WEB))
    other = system.with_key(PHONE)
    assert reason(await put(other, job_id, {"lines": []})) == (404, "job_not_found")
    assert reason(await other.client.delete(f"/api/jobs/{job_id}/lyrics.json")) == (404, "job_not_found")
    assert (await reword(system.with_key(WEB), job_id)).status_code == 200


async def test_edits_count_as_requests(start: Start) -> None:
    system = await start(uploads_per_minute=3)
    job_id = await sung(system)
    assert [(await reword(system, job_id, text)).status_code for text in ("one", "two", "three")] == [200, 200, 429]


async def test_an_edit_that_the_broker_did_not_take_can_be_repeated(system: System, monkeypatch: Any) -> None:
    job_id = await sung(system)

    async def away(*_: object, **__: object) -> None:
        raise TransientError("The message broker is unavailable", code="broker_unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(system.bus, "publish", away)
        assert reason(await reword(system, job_id)) == (503, "broker_unavailable")
    assert (await reword(system, job_id)).status_code == 200
    await until(lambda: shown(system, job_id), (True, 5))


async def test_a_job_that_is_deleted_during_an_edit_keeps_no_file(system: System, monkeypatch: Any) -> None:
    job_id = await sung(system)
    claim = Storage.claim

    async def late(self: Storage, key: str, content: bytes = b"") -> bool:
        await self.delete_job(job_id)
        return await claim(self, key, content)

    monkeypatch.setattr(Storage, "claim", late)
    assert reason(await reword(system, job_id)) == (404, "result_not_found")
    assert not (system.root / job_id).exists()


async def test_the_logs_have_no_words_of_the_user(system: System, capfd: Any) -> None:
    job_id = await sung(system)
    document = json.loads((await get(system, job_id)).content)
    document["lines"][0]["words"][0] |= {"text": "secret\x00", "end": 0.7}
    answer = await put(system, job_id, document)
    assert (reason(answer), "secret" in answer.text) == ((422, "invalid_text"), False)
    assert (await reword(system, job_id, "secret")).status_code == 200
    assert "secret" not in "".join(capfd.readouterr())
