"""The page of the figure `footprint`, with invented measurements."""

from pathlib import Path
from typing import Any

import pytest
import soundfile
from matplotlib.figure import Figure as Picture

from bench.figures import footprint
from bench.sample import write_sample

MEASURED: dict[str, Any] = {
    "song_seconds": 100,
    "upload_bytes": {"mp3": 2_000_000, "wav": 18_000_000},
    "decode_cpu_seconds": {"mp3": [0.9, 1.0, 3.0], "wav": [0.5]},
    "events": {"job_submitted": 1, "task_progressed": 59},
    "event_bytes": 12_000,
    "document_bytes": 2_000,
    "answer_bytes": 1_000,
    "stored_bytes": {"song.flac": 9_000_000, "vocals.wav": 18_000_000, "lyrics.json": 500, "click.flac": 1_500},
    "copies_bytes": {"wav": 90_000_000, "flac": 30_000_000, "opus": 10_000_000},
    "seconds_alone": {"stem_separation": 8.0, "transcription": 25.0, "beat_analysis": 2.0},
}


def test_the_table_says_what_a_song_leaves() -> None:
    table = footprint.table(MEASURED)
    assert "| events | 60, 12 kB |" in table
    assert "| files in the storage | 27.0 MB |" in table
    assert "| decoding, mp3 | 1.0 s of a processor |" in table
    footprint.plot(MEASURED, Picture())


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_a_long_song_is_as_long_as_asked_for(form: str, tmp_path: Path) -> None:
    write_sample(tmp_path / f"song.{form}", 100)
    assert soundfile.info(tmp_path / f"song.{form}").duration == pytest.approx(100, abs=0.1)
