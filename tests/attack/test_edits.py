"""Corrections and alignments of lyrics: hostile bodies are refused without silence, and no edit overwrites another."""

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

import httpx2

from shared.broker.bus import Bus
from shared.tasks import Task
from tests.attack.conftest import Report
from tests.attack.target import VICTIM, Target, accepted, document, submit
from tests.attack.watch import Memory, quietest
from tests.fakes import completed
from tests.result_files import LINES, lyrics_files

EDITS = 30
LONGEST_SECONDS = 0.5
"""Wide, as for other text: other programs may take the processor meanwhile."""
GROWN_MB = 60

WORD: Final = '{"text": "la", "start": %s, "end": %s}'
LINE: Final = '{"words": [%s]}'
CORRECTIONS: Final = {
    "a body of 2 MB": 2_000_000 * " ",
    "900 kB of brackets": 900_000 * "[",
    "nested 10,000 times": '{"lines": ' + 10_000 * "[" + 10_000 * "]" + "}",
    "900 kB of objects": '{"lines": [' + ",".join(300_000 * ["{}"]) + "]}",
    "900 kB of commas in a text": '{"lines": [' + LINE % f'{{"text": "{900_000 * ","}", "start": 0, "end": 1}}' + "]}",
    "NaN times": '{"lines": [' + LINE % (WORD % ("NaN", "Infinity")) + "]}",
    "times of 300 digits": '{"lines": [' + LINE % (WORD % (300 * "9", "1e308")) + "]}",
    "a number of 900,000 digits": '{"lines": [' + LINE % (WORD % (900_000 * "9", "1")) + "]}",
    "texts as times": '{"lines": [' + LINE % (WORD % ('"0"', "[]")) + "]}",
    "lines as text": '{"lines": "la"}',
    "5,001 lines": '{"lines": [' + ",".join(5_001 * [LINE % (WORD % (0, 1))]) + "]}",
    "a word of 400,000 combining marks": '{"lines": [{"words": [{"text": "a'
    + 400_000 * "\u0301"
    + '", "start": 0, "end": 1}]}]}',
    "bytes that are no text": "\ud800",
}
ALIGNMENTS: Final = {
    "99 kB of brackets": 99_000 * "[",
    "nested 40,000 times": '{"lines": ' + 40_000 * "[" + 40_000 * "]" + "}",
    "30,000 lines of wrong types": '{"lines": [' + ",".join(30_000 * ["{}"]) + "]}",
    "a line of 300 digits": '{"lines": [' + 300 * "9" + "]}",
    "NaN as a line": '{"lines": [NaN]}',
    "a text of 90 kB": '{"lines": [{"index": 0, "text": "' + 45_000 * "\u0301" + '"}]}',
    "a line that does not exist": '{"lines": [9007199254740991]}',
}


async def sung(target: Target) -> str:
    """Return the id of a job whose lyrics were found."""
    with target.client(VICTIM) as client:
        job_id = accepted(submit(client, tasks="transcription"))
        for name, content in lyrics_files(*LINES).items():
            (target.storage / job_id / name).write_bytes(content)
        async with Bus(target.broker.url, "transcriber", declares=False) as bus:
            done = completed(Task.TRANSCRIPTION).model_copy(update={"job_id": job_id, "at": datetime.now(UTC)})
            await bus.publish(done)
        await asyncio.to_thread(target.until, lambda: document(client, job_id).get("status") == "completed")
    return job_id


def send_all(client: httpx2.Client, method: str, path: str, bodies: Mapping[str, str]) -> list[str]:
    """Send the bodies at once, and return those that were not refused as they should be."""

    def send(body: str) -> httpx2.Response:
        content = body.encode("utf-8", "surrogatepass")
        return client.request(method, path, content=content, headers={"Content-Type": "application/json"})

    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = [*pool.map(send, bodies.values())]
    return [
        f"{kind}: {answer.status_code} {answer.text[:200]}"
        for kind, answer in zip(bodies, answers, strict=True)
        if not answer.is_client_error or answer.json().keys() != {"detail", "code"} or len(answer.text) > 1_000
    ]


async def test_hostile_edits_are_refused_and_silence_nobody(target: Target, report: Report, attacker: str) -> None:
    job_id = await sung(target)
    path = f"/api/jobs/{job_id}/lyrics"
    unrefused: list[str] = []
    with target.client(attacker) as client, Memory(target.pid).watched() as memory:
        before = client.get(f"{path}.json").content

        def attack() -> None:
            unrefused.extend(send_all(client, "PUT", f"{path}.json", CORRECTIONS))
            unrefused.extend(send_all(client, "POST", f"{path}/align", ALIGNMENTS))

        silence = await asyncio.to_thread(quietest, target, attack, LONGEST_SECONDS)
        memory.look()
        assert client.get(f"{path}.json").content == before
    count = len(CORRECTIONS) + len(ALIGNMENTS)
    report(f"{count} hostile edits at once: those without a 4xx that says why", len(set(unrefused)), 0)
    report(f"{count} hostile edits at once: seconds without an answer", silence, LONGEST_SECONDS)
    report(f"{count} hostile edits at once: MB that the memory grows", memory.grown_bytes / 1e6, GROWN_MB)


async def test_simultaneous_edits_do_not_overwrite_each_other(target: Target, report: Report, attacker: str) -> None:
    job_id = await sung(target)
    path = f"/api/jobs/{job_id}/lyrics.json"
    with target.client(attacker) as client:
        found = client.get(path)

        def edit(number: int) -> httpx2.Response:
            lyrics = json.loads(found.content)
            lyrics["lines"][0]["words"][0]["text"] = f"edit {number}"
            return client.put(path, json=lyrics, headers={"If-Match": found.headers["etag"]})

        with ThreadPoolExecutor(EDITS) as pool:
            answers = await asyncio.to_thread(lambda: [*pool.map(edit, range(EDITS))])
        kept = [answer for answer in answers if answer.is_success]
        assert {answer.status_code for answer in answers} == {200, 412}
        assert client.get(path).content == kept[0].content
    report(f"{EDITS} simultaneous edits of the same lyrics: those that are accepted", len(kept), 1)
