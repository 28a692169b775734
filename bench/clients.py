"""HTTP clients of the services: one job after another, large concurrent uploads, and polling with wrk."""

import asyncio
import json
import shutil
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, Self
from urllib.request import urlopen

import aiohttp
import httpx2

from bench.audio import silence
from deploy.local.child import StartError

JOB_SECONDS: Final = 600.0
POLL_SECONDS: Final = 0.2
CHUNK: Final = bytes(256 << 10)
WRK_SCRIPT: Final = Path(__file__).parent / "programs" / "poll.lua"
WRK_MODES: Final = {"200": "changed", "304": "unchanged"}


class JobClient:
    """Submits songs and waits for their results. A context manager with one connection to the gateway."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(base_url=url, timeout=JOB_SECONDS)

    def submit(self, song: Path, **options: str) -> str:
        """Upload a song with the fields of the form, and return the job's id."""
        with song.open("rb") as file:
            answer = self._http.post("/api/process", files={"file": (song.name, file)}, data=options)
        return str(answer.raise_for_status().json()["job_id"])

    def wait_until_completed(self, job_id: str) -> Mapping[str, Any]:
        """Follow the job's event stream and return the last document. Raises StartError if the job fails."""
        with self._http.stream("GET", f"/api/status/{job_id}/events") as stream:
            for line in stream.raise_for_status().iter_lines():
                document: Mapping[str, Any] = json.loads(line[5:]) if line.startswith("data:") else {}
                if document.get("status") == "failed":
                    raise StartError("a job failed", str(document["error_message"]))
                if document.get("status") == "completed":
                    return document
        raise StartError("the event stream ended before its job", job_id)

    def wait_until_refined(self, job_id: str) -> None:
        """Wait until the beats are refined, which happens after the job's end. Raises StartError on timeout."""
        deadline = monotonic() + JOB_SECONDS
        while not self._document(job_id)["beat_analysis"]["refined"]:
            if monotonic() > deadline:
                raise StartError("the beats were not refined", job_id)
            sleep(POLL_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def _document(self, job_id: str) -> Mapping[str, Any]:
        document: Mapping[str, Any] = self._http.get(f"/api/status/{job_id}").raise_for_status().json()
        return document


async def upload_concurrently(url: str, count: int, size: int) -> list[int]:
    """Upload `count` files of `size` bytes and return the HTTP status codes.

    No upload sends its second half before all have sent their first half, so all are in progress at the same time.
    """
    half_sent = asyncio.Barrier(count)
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:

        async def upload() -> int:
            with aiohttp.MultipartWriter("form-data") as form:
                body = _large_wav(size, half_sent)
                form.append(body).set_content_disposition("form-data", name="file", filename="a.wav")
                async with http.post("/api/process", data=form) as answer:
                    return answer.status

        return await asyncio.gather(*(upload() for _ in range(count)))


@dataclass(frozen=True)
class PollRate:
    """Answers per second, and the 99th percentile of the response times (the whole duration without any answer)."""

    per_second: float
    p99_ms: float


class PollLoad:
    """Polls as fast as the server answers, with wrk, which itself needs little processor time."""

    def __init__(self, folder: Path, job_ids: Sequence[str]) -> None:
        """`folder` is for the list of jobs to poll. Raises StartError if wrk is missing."""
        if shutil.which("wrk") is None:
            raise StartError("wrk is missing", "run `make bench`, or install it")
        self._job_id = job_ids[0]
        self._list = folder / "job_ids"
        self._list.write_text("".join(f"{job_id}\n" for job_id in job_ids))

    async def poll(self, url: str, connections: int, code: str, seconds: int) -> PollRate:
        """Poll over persistent connections; `code` is the expected HTTP status. Raises StartError."""
        options = ["--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "10s"]
        process = await asyncio.create_subprocess_exec(
            "wrk", *options, "--script", WRK_SCRIPT, url, "--", WRK_MODES[code], self._list,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output = (await process.communicate())[0].decode()
        if process.returncode:
            raise StartError(f"wrk could not poll {url}", output)
        await asyncio.to_thread(_get, f"{url}/api/status/{self._job_id}")  # after requests of closed connections
        report = json.loads(output.splitlines()[-1])
        if report["failed"]:
            raise StartError(f"{url} did not answer every poll", output)
        p99_ms = report["p99_ms"] if report["requests"] else 1000 * report["seconds"]
        return PollRate(round(report["requests"] / report["seconds"], 1), p99_ms)


async def _large_wav(size: int, half_sent: asyncio.Barrier) -> AsyncIterator[bytes]:
    """Yield a WAV file with two seconds of silence and a large chunk that players ignore."""
    content = silence(seconds=2, hz=8000)[8:]
    rest = size - 8 - len(content) - 8
    song = b"RIFF" + struct.pack("<I", size - 8) + content + b"junk" + struct.pack("<I", rest)
    yield song
    sent, waited = len(song), False
    while sent < size:
        if not waited and 2 * sent >= size:
            waited = True
            await half_sent.wait()
        piece = CHUNK[: size - sent]
        yield piece
        sent += len(piece)


def _get(url: str) -> None:
    with urlopen(url, timeout=60) as answer:
        answer.read()
