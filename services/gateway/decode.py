"""An upload decoded once, in a child process, so that no file can hurt the gateway."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from shared.errors import StorageFullError, TransientError
from shared.problem import Problem

log = structlog.get_logger()

CHILD_SECONDS = 150
"""On top of the child's own limit on processor time."""

WAIT_SECONDS = 60.0
"""How long an upload waits for its turn to be decoded."""

_at_once = asyncio.Semaphore(len(os.sched_getaffinity(0)))

PROBLEMS = {
    "not_audio": (415, "This is not an audio file that can be read. Send MP3, WAV, FLAC, M4A, Ogg or the like."),
    "corrupt": (422, "The audio is damaged and cannot be decoded. Try to export or download it again."),
    "too_short": (422, "The song is shorter than {min:g} s."),
    "too_long": (422, "The song is longer than {max:g} s."),
    "undecodable": (422, "The audio could not be decoded within the limits of time and memory."),
}


async def decode(upload: Path, song: Path, min_seconds: float, max_seconds: float) -> float:
    """Decodes `upload` to `song`: FLAC, 16 bit, 44.1 kHz, stereo. Returns its duration in seconds.

    Raises Problem: 415 for what is no audio, 422 for what is corrupt, too short or too long; StorageFullError;
    TransientError `busy` when too many others wait.
    """
    arguments = (upload, song, str(min_seconds), str(max_seconds))
    async with _turn():
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.gateway.decoder", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(CHILD_SECONDS):
                answer, complaint = await child.communicate()
        except TimeoutError:
            answer, complaint = b"", b"no answer in time"
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    if child.returncode == 0:
        outcome: dict[str, float | str] = json.loads(answer)
    else:
        log.warning("decoder failed", returncode=child.returncode, complaint=complaint[-500:].decode(errors="replace"))
        outcome = {"code": "undecodable"}
    if outcome.get("code") == StorageFullError.code:
        raise StorageFullError("The disk is full", "no room for the decoded song")
    if "code" in outcome:
        status, text = PROBLEMS[str(outcome["code"])]
        raise Problem(status, str(outcome["code"]), text.format(min=min_seconds, max=max_seconds))
    return float(outcome["seconds"])


@asynccontextmanager
async def _turn() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            await _at_once.acquire()
    except TimeoutError as error:
        raise TransientError("Too many songs are being checked", code="busy") from error
    try:
        yield
    finally:
        _at_once.release()
