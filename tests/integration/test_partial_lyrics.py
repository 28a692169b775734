"""The first lines of a song that is still transcribed: gateway, status and a worker on a real broker and database."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from shared.storage.job_files import PARTIAL_LYRICS
from shared.tasks import Task
from shared.worker import compute
from tests.fakes import LYRICS
from tests.system import System, reason, until

TRANSCRIPTION = Task.TRANSCRIPTION


@pytest.fixture
async def transcribing(system: System, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Yield the id of a job of which the first line is known. The storage's root controls its engine."""
    monkeypatch.setattr(compute, "REPORT_SECONDS", 0.05)
    async with system.worker("transcribe_on_signal", TRANSCRIPTION):
        job_id = str((await system.upload(tasks=TRANSCRIPTION)).json()["job_id"])
        await until(lambda: partial(system, job_id), (True, 1))
        yield job_id
        (system.root / "done").touch()


async def transcription(system: System, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await system.document(job_id))["transcription"]
    return found


async def partial(system: System, job_id: str) -> tuple[Any, Any]:
    found = await transcription(system, job_id)
    return found["partial"], found["partial_lines"]


async def get(system: System, job_id: str, form: str = "json", **headers: str) -> httpx2.Response:
    return await system.client.get(f"/api/jobs/{job_id}/lyrics.{form}", headers=headers)


async def test_the_first_lines_can_be_read_until_all_lines_replace_them(system: System, transcribing: str) -> None:
    first = await get(system, transcribing)
    assert (first.status_code, first.json()["partial"], len(first.json()["lines"])) == (200, True, 1)
    assert (await get(system, transcribing, **{"if-none-match": first.headers["etag"]})).status_code == 304
    (system.root / "done").touch()
    await until(lambda: system.status(transcribing), "completed")
    assert await partial(system, transcribing) == (False, None)
    every = await get(system, transcribing, **{"if-none-match": first.headers["etag"]})
    assert (every.status_code, every.json()["partial"], len(every.json()["lines"])) == (200, False, 2)
    # A worker that was believed dead stores its first lines now.
    await system.storage.put(f"{transcribing}/{PARTIAL_LYRICS}", first.content)
    assert (await get(system, transcribing)).content == every.content


async def test_the_first_lines_are_nothing_for_clients_that_do_not_know_them(system: System, transcribing: str) -> None:
    found = await transcription(system, transcribing)
    assert (found["status"], found["transcription_path"], found["word_count"]) == ("processing", None, None)
    assert {(await get(system, transcribing, form)).status_code for form in ("txt", "lrc", "vtt")} == {404}
    assert (await system.client.get(f"/storage/{transcribing}/song_{LYRICS.transcription}")).status_code == 404
    links = (await system.client.get(f"/api/jobs/{transcribing}/links")).json()["links"]
    assert not any("lyrics" in path for path in links.values())
    assert reason(await system.client.get(f"/api/jobs/{transcribing}/download.zip")) == (409, "nothing_yet")


async def test_the_first_lines_cannot_be_corrected(system: System, transcribing: str) -> None:
    word = {"text": "la", "start": 0.5, "end": 1}
    answer = await system.client.put(f"/api/jobs/{transcribing}/lyrics.json", json={"lines": [{"words": [word]}]})
    assert reason(answer) == (409, "lyrics_not_ready")
    assert (answer.json()["detail"], "Retry-After" in answer.headers) == (
        "The lyrics of this song are not complete yet.",
        True,
    )


async def test_the_first_lines_of_an_attempt_that_died_count_only_when_they_are_found_again(
    system: System, transcribing: str
) -> None:
    (system.root / "die").touch()

    async def attempt() -> tuple[Any, Any, Any]:
        found = await transcription(system, transcribing)
        return found["attempt"], found["partial"], found["partial_lines"]

    await until(attempt, (2, True, 1))
    (system.root / "fail").touch()
    await until(lambda: system.status(transcribing), "failed")
    assert await partial(system, transcribing) == (None, None)
    assert await system.storage.head(f"{transcribing}/{PARTIAL_LYRICS}")
    assert (await get(system, transcribing)).status_code == 404


async def test_a_cancelled_job_keeps_no_lines(system: System, transcribing: str) -> None:
    assert (await system.client.delete(f"/api/jobs/{transcribing}")).status_code == 204
    await until(lambda: partial(system, transcribing), (None, None))
    await until(lambda: system.storage.sizes(transcribing), {})
    assert (await get(system, transcribing)).status_code == 404
