"""An upload decoded once, in a child process, so that no file can hurt the gateway."""

import asyncio
import json
import sys
from pathlib import Path

from shared.problem import Problem

CHILD_SECONDS = 150
"""On top of the child's own limit on processor time."""

PROBLEMS = {
    "not_audio": (415, "This is not an audio file that can be read. Send MP3, WAV, FLAC, M4A, Ogg or the like."),
    "corrupt": (422, "The audio is damaged and cannot be decoded. Try to export or download it again."),
    "too_short": (422, "The song is shorter than {min:g} s."),
    "too_long": (422, "The song is longer than {max:g} s."),
    "undecodable": (422, "The audio could not be decoded within the limits of time and memory."),
}


async def decode(upload: Path, song: Path, min_seconds: float, max_seconds: float) -> float:
    """Decodes `upload` to `song`: FLAC, 16 bit, 44.1 kHz, stereo. Returns its duration in seconds.

    Raises Problem: 415 for what is no audio, 422 for what is corrupt, too short or too long.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.gateway.decoder", upload, song, str(min_seconds), str(max_seconds)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(CHILD_SECONDS):
            answer, _ = await child.communicate()
    except TimeoutError:
        answer = b""
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    outcome: dict[str, float | str] = json.loads(answer) if child.returncode == 0 else {"code": "undecodable"}
    if "code" in outcome:
        status, text = PROBLEMS[str(outcome["code"])]
        raise Problem(status, str(outcome["code"]), text.format(min=min_seconds, max=max_seconds))
    return float(outcome["seconds"])
