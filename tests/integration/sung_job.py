"""A completed job with beats and lyrics, and what clients do with its lyrics."""

from typing import Any

import httpx2

from shared.lyrics.words import Line
from tests.result_files import LINES, beats_json, lyrics_files
from tests.system import System


async def put_found(system: System, job_id: str, *lines: Line) -> None:
    """Store what the transcriber makes."""
    for name, content in lyrics_files(*lines).items():
        await system.storage.put(f"{job_id}/{name}", content)


async def sung(system: System) -> str:
    """Return the id of a completed job with beats and lyrics."""
    job_id = str((await system.finished())["job_id"])
    await system.storage.put(f"{job_id}/beats.json", beats_json())
    await put_found(system, job_id, *LINES)
    return job_id


async def get(system: System, job_id: str, name: str = "lyrics.json", **query: str) -> httpx2.Response:
    answer = await system.client.get(f"/api/jobs/{job_id}/{name}", params=query)
    assert answer.status_code == 200, answer.text
    return answer


async def put(system: System, job_id: str, document: Any, etag: str | None = None) -> httpx2.Response:
    headers = {"If-Match": etag} if etag else {}
    return await system.client.put(f"/api/jobs/{job_id}/lyrics.json", json=document, headers=headers)


async def reword(system: System, job_id: str, text: str = "morning", *, checked: bool = True) -> httpx2.Response:
    """Change one word as a client does: get, change, put."""
    found = await get(system, job_id)
    document = found.json()
    document["lines"][0]["words"][1]["text"] = text
    return await put(system, job_id, document, found.headers["etag"] if checked else None)


async def shown(system: System, job_id: str) -> tuple[Any, ...]:
    lyrics = (await system.document(job_id))["transcription"]
    return lyrics["corrected"], lyrics["word_count"]
