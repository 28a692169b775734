"""For any bytes, the decoder's child process answers in its format and in time, and leaves no process running."""

import asyncio
import io
import json
import os
import time
from functools import cache
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import soundfile
from hypothesis import HealthCheck, given, settings

from services.gateway.media.decode import PROBLEMS, decode
from shared.web.problem import Problem
from tests.audio import m4a

FORMATS = ("WAV", "W64", "AIFF", "AU", "CAF", "FLAC", "MP3", "OGG", "OPUS", "M4A")
MIN_SECONDS, MAX_SECONDS = 1, 60
LONGEST_SECONDS = 60
RECORD = os.environ.get("FUZZ_RECORD")
"""File to which each case appends a line: mutation, result and duration."""


@cache
def seed(form: str) -> bytes:
    """Return two seconds of audio in a container, a few kB."""
    if form == "M4A":
        return m4a()
    file = io.BytesIO()
    wave = 0.3 * np.sin(np.arange(12_000) / 9)
    soundfile.write(file, wave, 8000, **({"format": "OGG", "subtype": "OPUS"} if form == "OPUS" else {"format": form}))
    return file.getvalue()


places = st.floats(0, 1, exclude_max=True)
FIELDS = (bytes(4), b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\0\0\0\1")


def at(content: bytes, place: float) -> int:
    return int(place * len(content))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Generate an audio file with one to five mutations, most of them in its header."""
    content = seed(draw(st.sampled_from(FORMATS)))
    for _ in range(draw(st.integers(1, 5))):
        here = at(content, draw(places) ** draw(st.sampled_from([1, 4])))
        there = at(content, draw(places))
        low, high = sorted((here, there))
        match draw(st.sampled_from(["bits", "field", "cut", "drop", "double", "move", "splice", "noise"])):
            case "bits":
                content = content[:here] + bytes([draw(st.integers(0, 255))]) + content[here + 1 :]
            case "field":
                content = content[:here] + draw(st.sampled_from(FIELDS)) + content[here + 4 :]
            case "cut":
                content = content[:there]
            case "drop":
                content = content[:low] + content[high:]
            case "double":
                content = content[:high] + content[low:]
            case "move":
                content = content[high:] + content[low:high] + content[:low]
            case "splice":
                other = seed(draw(st.sampled_from(FORMATS)))
                content = content[:here] + other[at(other, draw(places)) :]
            case "noise":
                content = content[:here] + draw(st.binary(max_size=64)) + content[here:]
    return content or b"\0"


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(content=mutated())
async def test_any_bytes_get_a_result(content: bytes, tmp_path: Path) -> None:
    upload, song = tmp_path / "upload", tmp_path / "song.flac"
    upload.write_bytes(content)
    song.unlink(missing_ok=True)
    began = time.monotonic()
    try:
        duration = (await decode(upload, song, MIN_SECONDS, MAX_SECONDS, "fuzz")).seconds
        outcome = "decoded"
        assert MIN_SECONDS <= duration <= MAX_SECONDS
        assert song.stat().st_size > 0
    except Problem as problem:
        outcome = problem.code
    seconds = time.monotonic() - began
    if RECORD:
        told = json.dumps({"bytes": len(content), "outcome": outcome, "seconds": round(seconds, 2)})
        await asyncio.to_thread(append, Path(RECORD), told)
    assert outcome in {"decoded", *PROBLEMS}
    assert seconds < LONGEST_SECONDS


def append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")
