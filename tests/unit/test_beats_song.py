"""The beat tracker against the sample song, whose beats are known."""

import json
from pathlib import Path

import numpy as np
import pytest

from services.beats.rhythm import analyse
from services.beats.settings import Settings
from shared.events import Options

SONG = Path(__file__).parents[1] / "song"
TOLERANCE_SECONDS = 0.07


def test_the_beats_and_bars_of_the_sample_song_are_found(tmp_path: Path) -> None:
    truth = json.loads((SONG / "truth.json").read_text())
    rhythm = analyse(SONG / truth["file"], tmp_path, Options(), Settings(), lambda _: None)
    found = json.loads((tmp_path / rhythm.beats).read_text())
    assert rhythm.tempo_bpm == pytest.approx(truth["tempo_bpm"], rel=0.04)
    assert rhythm.time_signature == truth["time_signature"]
    assert rhythm.key == found["key"] == "D major"  # its chords are D, A, Bm and G
    assert f_measure([beat["time"] for beat in found["beats"]], truth["beats"]) > 0.8
    assert f_measure(found["downbeats"], truth["downbeats"]) > 0.8


def f_measure(found: list[float], truth: list[float]) -> float:
    """The share of both that has a partner; partners are so far apart in truth that none is shared."""
    distances = np.abs(np.subtract.outer(found, truth))
    hits = int((distances.min(axis=0) < TOLERANCE_SECONDS).sum())
    return 2 * hits / (len(found) + len(truth))
