"""Lines of lyrics are aligned again: gateway, status and a transcriber on a real broker and database."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from shared.errors import TransientError
from shared.events import AlignmentCompleted, Event
from shared.storage.job_files import alignment_request
from shared.tasks import Task
from shared.worker.worker import Worker
from tests.fakes import completed
from tests.integration.sung_job import get, put_found, reword, shown, sung
from tests.result_files import LINES
from tests.system import KEYS, PHONE, WEB, Start, System, reason, until, worker

MOVED_SECONDS = 0.01


def transcriber(system: System, aligner: str = "move_lines") -> AbstractAsyncContextManager[Worker]:
    args = Task.TRANSCRIPTION, "transcribe", system.bus, system.storage, system.root
    return worker(*args, aligner=aligner)


async def ask(system: System, job_id: str, *lines: Any, etag: str | None = None) -> httpx2.Response:
    headers = {"If-Match": etag} if etag else {}
    return await system.client.post(f"/api/jobs/{job_id}/lyrics/align", json={"lines": lines}, headers=headers)


async def alignment(system: System, job_id: str) -> tuple[Any, ...] | None:
    found = (await system.document(job_id))["transcription"]["alignment"]
    return found and (found["number"], found["status"], found["error_code"])


async def test_requested_lines_get_new_times_and_the_others_stay(system: System) -> None:
    job_id = await sung(system)
    before = await get(system, job_id)
    answer = await ask(system, job_id, 1, etag=before.headers["etag"])
    assert (answer.status_code, answer.json()) == (202, {"job_id": job_id, "number": 1})
    await until(lambda: alignment(system, job_id), (1, "queued", None))
    assert reason(await ask(system, job_id, 0)) == (409, "alignment_pending")
    async with transcriber(system):
        await until(lambda: alignment(system, job_id), (1, "completed", None))
        after = await get(system, job_id)
        first, second = after.json()["lines"]
        assert first["words"] == before.json()["lines"][0]["words"]
        old = before.json()["lines"][1]["words"]
        assert [word["start"] for word in second["words"]] == [round(word["start"] + MOVED_SECONDS, 3) for word in old]
        assert (after.json()["corrected"], after.json()["aligned"]) == (True, 1)
        assert await shown(system, job_id) == (True, 5)
        assert (await system.document(job_id))["status"] == "completed"
        assert "by the river" in (await get(system, job_id, "lyrics.lrc")).text
        stale = await ask(system, job_id, 1, etag=before.headers["etag"])
        assert reason(stale) == (412, "lyrics_changed")
        again = await ask(system, job_id, {"index": 0, "text": "Early  evening"}, etag=after.headers["etag"])
        assert again.json()["number"] == 2
        await until(lambda: alignment(system, job_id), (2, "completed", None))
    assert (await get(system, job_id)).json()["lines"][0]["text"] == "Early evening"
    assert (await get(system, job_id, version="heard")).content == before.content
    assert alignment_request(1) not in await system.storage.sizes(job_id)
    await system.client.delete(f"/api/jobs/{job_id}/lyrics.json")
    assert (await get(system, job_id)).content == before.content


async def test_an_edit_in_the_meantime_wins(system: System) -> None:
    job_id = await sung(system)
    assert (await ask(system, job_id, 0)).status_code == 202
    kept = await reword(system, job_id)
    async with transcriber(system):
        await until(lambda: alignment(system, job_id), (1, "failed", "lyrics_changed"))
        assert (await get(system, job_id)).content == kept.content
        assert "changed meanwhile" in (await system.document(job_id))["transcription"]["alignment"]["error"]
        assert (await ask(system, job_id, 0)).json()["number"] == 2
        await until(lambda: alignment(system, job_id), (2, "completed", None))


async def test_lyrics_that_are_sent_in_the_meantime_win(system: System) -> None:
    job_id = str((await system.upload(tasks="transcription")).json()["job_id"])
    done = completed(Task.TRANSCRIPTION).model_copy(update={"job_id": job_id, "at": datetime.now(UTC)})
    await system.bus.publish(done)
    await put_found(system, job_id, *LINES)
    await until(lambda: system.status(job_id), "completed")
    assert (await ask(system, job_id, 0)).status_code == 202
    sent = await system.client.put(
        f"/api/jobs/{job_id}/lyrics", content="My own words", headers={"Content-Type": "text/plain"}
    )
    assert sent.status_code == 202, sent.text
    async with transcriber(system):
        await until(lambda: alignment(system, job_id), (1, "failed", "lyrics_changed"))
    assert (await get(system, job_id)).text == "My own words"


async def test_a_result_that_was_stored_but_not_announced_is_announced_by_the_next_attempt(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await sung(system)
    publish = system.bus.publish
    lost: list[Event] = []

    async def lose_once(event: Event, *args: Any, **kwargs: Any) -> None:
        if isinstance(event, AlignmentCompleted) and not lost:
            lost.append(event)
            raise TransientError("The message broker is unavailable", code="broker_unavailable")
        await publish(event, *args, **kwargs)

    monkeypatch.setattr(system.bus, "publish", lose_once)
    async with transcriber(system):
        await ask(system, job_id, 0)
        await until(lambda: alignment(system, job_id), (1, "completed", None))
    assert lost
    assert await shown(system, job_id) == (True, 5)
    assert [name for name in await system.storage.sizes(job_id) if name == "lyrics-2.json"] == []


async def test_what_the_aligner_cannot_do_is_said_and_changes_nothing(system: System) -> None:
    job_id = await sung(system)
    before = await get(system, job_id)
    async with transcriber(system, "refuse_lines"):
        await ask(system, job_id, 0)
        await until(lambda: alignment(system, job_id), (1, "failed", "words_not_found"))
    assert (await get(system, job_id)).content == before.content
    assert await shown(system, job_id) == (False, 42)
    assert (await system.document(job_id))["transcription"]["status"] == "completed"


BAD: list[tuple[Any, str]] = [
    ({"lines": []}, "invalid_request"),
    ({"lines": [0, 0]}, "invalid_request"),
    ({"lines": [-1]}, "invalid_request"),
    ({"lines": [True]}, "invalid_request"),
    ({"lines": [0.5]}, "invalid_request"),
    ({"lines": [{"index": 0}]}, "invalid_request"),
    ({"lines": 40_000 * [0]}, "invalid_request"),
    ({"lines": [2]}, "no_such_line"),
    ({"lines": [{"index": 0, "text": "\x00"}]}, "invalid_text"),
    ({"lines": [{"index": 0, "text": "?!"}]}, "invalid_text"),
    ({"lines": [{"index": 0, "text": 1_001 * "a"}]}, "invalid_text"),
    ([], "invalid_request"),
]


async def test_requests_that_are_not_possible_are_refused(start: Start) -> None:
    system = await start(**KEYS)
    mine = system.with_key(WEB)
    job_id = await sung(mine)
    path = f"/api/jobs/{job_id}/lyrics/align"
    for body, code in BAD:
        answer = await mine.client.post(path, json=body)
        assert (reason(answer), answer.json().keys()) == ((422, code), {"detail", "code"}), body
    assert reason(await mine.client.post(path, json={"lines": [100_000 * "a"]})) == (413, "too_large")
    assert reason(await mine.client.post(path, content="{}")) == (415, "not_json")
    assert reason(await ask(system.with_key(PHONE), job_id, 0)) == (404, "job_not_found")
    assert reason(await ask(mine, job_id, 0, etag='"other"')) == (412, "lyrics_changed")
    waiting = await mine.submit()
    assert reason(await ask(mine, waiting, 0)) == (409, "lyrics_not_ready")
    assert not [name for name in await system.storage.sizes(job_id) if name.startswith("alignment-")]


async def test_alignments_count_as_requests(start: Start) -> None:
    system = await start(uploads_per_minute=2)
    job_id = await sung(system)
    assert [(await ask(system, job_id, 9)).status_code for _ in range(2)] == [422, 429]
