"""A user counts the beats differently: gateway and status on a real broker and database."""

import asyncio
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import httpx2
import numpy as np
import soundfile

from shared.errors import TransientError
from shared.events import Event, TasksRerun
from shared.storage.job_files import Storage
from shared.tasks import Task
from tests.fakes import completed, refined
from tests.result_files import beats_json
from tests.system import KEYS, PHONE, WEB, Start, System, reason, until

BEATS = Task.BEAT_ANALYSIS
HALF = {"tempo": "half"}


LYRICS = {"language": "en", "lines": [{"start": 2.0, "end": 3.0, "text": "la", "bar": 1, "beat": 3.0, "words": []}]}


async def sung(system: System) -> str:
    """Return the id of a completed job with beats, lyrics and a click track."""
    job_id = str((await system.finished())["job_id"])
    await system.storage.put(f"{job_id}/beats.json", beats_json())
    await system.storage.put(f"{job_id}/lyrics.json", json.dumps(LYRICS).encode())
    await system.storage.put(f"{job_id}/click.flac", b"heard")
    return job_id


async def put(system: System, job_id: str, correction: Any = HALF, **headers: str) -> httpx2.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await system.client.put(f"/api/jobs/{job_id}/beats", json=correction, headers=names)


async def file(system: System, job_id: str, name: str = "beats.json") -> httpx2.Response:
    answer = await system.client.get(f"/api/jobs/{job_id}/{name}")
    assert answer.status_code == 200, answer.text
    return answer


async def shown(system: System, job_id: str) -> tuple[Any, ...]:
    rhythm = (await system.document(job_id))["beat_analysis"]
    return rhythm["corrected"], rhythm["tempo_bpm"], rhythm["beat_count"], rhythm["time_signature"]


async def publish(system: System, job_id: str, event: Event) -> None:
    await system.bus.publish(event.model_copy(update={"job_id": job_id, "at": datetime.now(UTC)}))


async def test_a_correction_changes_document_beats_click_lyrics_and_zip_and_can_be_taken_back(system: System) -> None:
    job_id = await sung(system)
    before = await system.document(job_id)
    heard = await file(system, job_id)
    answer = await put(system, job_id, {"tempo": "half", "time_signature": "3/4", "first_downbeat": 2.1})
    assert answer.status_code == 200, answer.text
    found = await file(system, job_id)
    assert (found.json(), found.headers["etag"]) == (answer.json(), answer.headers["etag"])
    assert [beat["time"] for beat in found.json()["beats"]] == [1.0, 2.0, 3.0, 4.0]
    assert (found.json()["downbeats"], found.headers["etag"] == heard.headers["etag"]) == ([2.0], False)
    await until(lambda: shown(system, job_id), (True, 60.0, 4, "3/4"))
    after = await system.document(job_id)
    assert (after["status"], after["processing_time"]) == (before["status"], before["processing_time"])

    for path in (f"/api/jobs/{job_id}/lyrics.json", after["transcription"]["transcription_path"]):
        lyrics = await system.client.get(path)
        assert [(line["bar"], line["beat"], line["text"]) for line in lyrics.json()["lines"]] == [(1, 1.0, "la")]
    track, rate = soundfile.read(io.BytesIO((await file(system, job_id, "click.flac")).content))
    assert (rate, len(track)) == (44_100, round(before["audio_duration"] * 44_100))
    assert np.flatnonzero(track)[0] == 44_100
    assert (await file(system, job_id, "click.opus")).headers["content-type"] == "audio/ogg"
    with zipfile.ZipFile(io.BytesIO((await file(system, job_id, "download.zip?format=wav")).content)) as zipped:
        name = next(name for name in zipped.namelist() if name.endswith("beats.json"))
        assert json.loads(zipped.read(name)) == answer.json()

    assert (await system.client.delete(f"/api/jobs/{job_id}/beats")).status_code == 204
    assert (await file(system, job_id)).content == heard.content
    assert (await file(system, job_id, "click.flac")).content == b"heard"
    assert (await file(system, job_id, "lyrics.json")).json() == LYRICS
    await until(lambda: shown(system, job_id), (False, 120.5, 240, "4/4"))
    assert (await system.client.delete(f"/api/jobs/{job_id}/beats")).status_code == 204


async def test_a_second_correction_starts_from_what_was_heard_and_old_files_are_deleted(system: System) -> None:
    job_id = await sung(system)
    for correction in (HALF, {"tempo": "double"}, HALF):
        answer = await put(system, job_id, correction)
        await file(system, job_id, "click.flac")
    assert (answer.json()["tempo_bpm"], answer.json()["downbeats"]) == (60.0, [1.0])
    await until(lambda: shown(system, job_id), (True, 60.0, 4, "4/4"))
    there = (await system.storage.sizes(job_id)).keys()
    assert {name for name in there if "-" in name} == {"beats-2.json", "click-2.flac", "beats-3.json", "click-3.flac"}


async def test_a_refinement_a_retry_and_a_late_result_do_not_replace_a_correction(system: System) -> None:
    job_id = await sung(system)
    await put(system, job_id)
    kept = (await file(system, job_id)).content
    await system.storage.put(f"{job_id}/beats.json", beats_json(first=0.52))
    await publish(system, job_id, refined(BEATS))
    await publish(system, job_id, completed(BEATS, attempt=2))
    await publish(system, job_id, TasksRerun(job_id=job_id, at=datetime.now(UTC), run=1, tasks=(BEATS,)))
    await until(lambda: system.status(job_id), "processing")
    await publish(system, job_id, refined(BEATS, run=1))
    await until(lambda: system.status(job_id), "completed")
    assert await shown(system, job_id) == (True, 60.0, 4, "4/4")
    assert (await system.document(job_id))["beat_analysis"]["refined"] is True
    assert (await file(system, job_id)).content == kept
    await put(system, job_id)
    assert (await file(system, job_id)).json()["downbeats"] == [1.02]


async def test_lyrics_that_are_aligned_after_a_correction_get_its_bars(system: System) -> None:
    job_id = await sung(system)
    await put(system, job_id)
    first = (await file(system, job_id, "lyrics.json")).json()
    again = json.dumps(LYRICS | {"language": "de"}).encode()
    await system.storage.put(f"{job_id}/lyrics.json", again)
    second = (await file(system, job_id, "lyrics.json")).json()
    assert (second["language"], second["lines"]) == ("de", first["lines"])
    assert first["lines"][0]["beat"] == 2.0


async def test_only_the_beats_that_the_client_knows_are_corrected(system: System) -> None:
    job_id = await sung(system)
    known = (await file(system, job_id)).headers["etag"]
    answers = await asyncio.gather(*(put(system, job_id, if_match=known) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert reason(await put(system, job_id, if_match=known)) == (412, "beats_changed")
    assert (await system.client.delete(f"/api/jobs/{job_id}/beats", headers={"If-Match": known})).status_code == 412
    now = (await file(system, job_id)).headers["etag"]
    assert (await put(system, job_id, if_match=now)).status_code == 200


async def test_concurrent_corrections_leave_files_and_document_with_the_same_one(system: System) -> None:
    job_id = await sung(system)
    corrections = [{"time_signature": f"{count}/4"} for count in (2, 3, 5, 6, 7)]
    answers = await asyncio.gather(*(put(system, job_id, correction) for correction in corrections))
    assert {answer.status_code for answer in answers} == {200}
    signature = (await file(system, job_id)).json()["time_signature"]
    await until(lambda: shown(system, job_id), (True, 120.0, 9, signature))


async def test_corrections_that_are_not_possible_are_refused(system: System) -> None:
    job_id = await sung(system)
    assert reason(await put(system, job_id, {})) == (422, "nothing_to_correct")
    assert reason(await put(system, job_id, {"tempo": "triple"})) == (422, "invalid_request")
    assert reason(await put(system, job_id, {"first_downbeat": 99})) == (422, "no_such_beat")
    assert reason(await put(system, job_id, {"time_signature": "x" * 2000})) == (413, "too_large")
    plain = await system.client.put(f"/api/jobs/{job_id}/beats", content="half")
    assert reason(plain) == (415, "not_json")
    await system.storage.put(f"{job_id}/beats.json", b'{"beats": [], "downbeats": [], "time_signature": null}')
    assert reason(await put(system, job_id)) == (409, "no_beats")
    waiting = await system.submit()
    answer = await put(system, waiting)
    assert (reason(answer), "retry-after" in answer.headers) == ((409, "beats_not_ready"), True)
    await system.client.delete(f"/api/jobs/{job_id}")
    await until(lambda: system.status(job_id), "failed")
    assert reason(await put(system, job_id)) == (404, "result_not_found")
    assert reason(await put(system, "nonesuch")) == (404, "job_not_found")
    assert not (system.root / job_id).exists()


async def test_another_owner_finds_no_job_to_correct(start: Start) -> None:
    system = await start(**KEYS)
    job_id = await sung(system.with_key(WEB))
    other = system.with_key(PHONE)
    assert reason(await put(other, job_id)) == (404, "job_not_found")
    assert reason(await other.client.delete(f"/api/jobs/{job_id}/beats")) == (404, "job_not_found")
    assert (await put(system.with_key(WEB), job_id)).status_code == 200


async def test_a_correction_that_the_broker_did_not_take_can_be_repeated(system: System, monkeypatch: Any) -> None:
    job_id = await sung(system)

    async def away(*_: object, **__: object) -> None:
        raise TransientError("The message broker is unavailable", code="broker_unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(system.bus, "publish", away)
        assert reason(await put(system, job_id)) == (503, "broker_unavailable")
    assert (await put(system, job_id)).status_code == 200
    await until(lambda: shown(system, job_id), (True, 60.0, 4, "4/4"))


async def test_a_job_that_is_deleted_during_a_correction_keeps_no_file(system: System, monkeypatch: Any) -> None:
    job_id = await sung(system)
    claim = Storage.claim

    async def late(self: Storage, key: str, content: bytes = b"") -> bool:
        await self.delete_job(job_id)
        return await claim(self, key, content)

    monkeypatch.setattr(Storage, "claim", late)
    assert reason(await put(system, job_id)) == (404, "result_not_found")
    assert not (system.root / job_id).exists()
