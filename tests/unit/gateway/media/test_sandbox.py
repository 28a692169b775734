"""A confined child can only work on its open files. The decoder still decodes every format."""

import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from services.gateway.media.decode import decode
from services.gateway.media.processes import run_child
from services.gateway.media.sandbox import MEASURES, MEMORY_BYTES
from tests.integration import hostile
from tests.unit.gateway.media.songs import HZ, SECONDS, burst, write

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs seccomp")


@linux
async def test_a_confined_child_reaches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINK_SECRET", "a secret of the gateway")
    outcomes = await run_child("tests.unit.gateway.media.confined", tmp_path / "harm")
    assert outcomes
    assert "SECRET" not in str(outcomes.pop("environment"))
    assert outcomes.pop("start a thread") == "RuntimeError"
    assert outcomes.pop("use much memory") == "MemoryError"
    assert set(outcomes.values()) == {"PermissionError"}


@linux
async def test_measures_that_work_are_reported() -> None:
    assert await run_child("services.gateway.media.sandbox") == dict.fromkeys(MEASURES, True)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("song.aac", "aac"),
        ("song.ac3", "ac3"),
        ("song.avi", "adpcm_ms"),
        ("song.eac3", "eac3"),
        ("song.flv", "aac"),
        ("song.m4a", "aac"),
        ("song.m4a", "alac"),
        ("song.mka", "flac"),
        ("song.mov", "pcm_s24le"),
        ("song.mp3", "libmp3lame"),
        ("song.opus", "libopus"),
        ("song.ts", "mp2"),
        ("song.tta", "tta"),
        ("song.webm", "libopus"),
        ("song.wv", "wavpack"),
    ],
)
async def test_a_confined_child_decodes_encoded_sound(tmp_path: Path, name: str, codec: str) -> None:
    assert await seconds(write(tmp_path / name, codec)) == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "MP3", "OGG"])
async def test_a_confined_child_decodes_what_libsndfile_writes(tmp_path: Path, form: str) -> None:
    soundfile.write(tmp_path / "song", burst().T, HZ, format=form)
    assert await seconds(tmp_path / "song") == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize(("name", "codec"), [("song.mp4", "aac"), ("song.mkv", "libopus"), ("song.ts", "mp2")])
async def test_a_confined_child_decodes_the_sound_of_a_video(tmp_path: Path, name: str, codec: str) -> None:
    assert await seconds(write(tmp_path / name, codec, picture=True)) == pytest.approx(SECONDS, abs=0.1)


async def seconds(upload: Path) -> float:
    return (await decode(upload, upload.with_name("decoded.flac"), 1, 60, "caller")).seconds


PEAK_OF_CHILD = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""A small parent, because the kernel counts the memory of the parent until the child executes its program."""


@linux
def test_a_huge_sample_table_takes_little_memory(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(hostile.with_huge_sample_table())
    child = "services.gateway.media.decoder"
    arguments = (sys.executable, "-m", child, tmp_path / "upload", tmp_path / "song.flac", "1", "60")
    output = subprocess.check_output([sys.executable, "-c", PEAK_OF_CHILD, *arguments])
    assert int(output.splitlines()[-1]) * 1024 < MEMORY_BYTES
