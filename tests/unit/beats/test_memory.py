"""Memory of a process that analyses long songs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

from tests.conftest import ROOT
from tests.unit.beats.grooves import FOUR, groove
from tests.unit.beats.synth import HZ

SHORT_MINUTES, LONG_MINUTES, LONGEST_MINUTES = 1, 3, 30
MAX_MEGABYTES = 700


def test_half_an_hour_with_a_drum_stem_needs_less_than_700_megabytes(tmp_path: Path) -> None:
    """The peak after a longer song shows how much each minute adds."""
    songs = [write(tmp_path / f"{minutes}.flac", minutes) for minutes in (SHORT_MINUTES, LONG_MINUTES)]
    command = [sys.executable, "-m", "bench.programs.beat_analysis", "--refined", *map(str, songs)]
    found = subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout
    short, long = (int(megabytes) for megabytes in found.split())
    each_minute = (long - short) / (LONG_MINUTES - SHORT_MINUTES)
    assert long + each_minute * (LONGEST_MINUTES - LONG_MINUTES) < MAX_MEGABYTES


def write(path: Path, minutes: float) -> Path:
    """Write a song in stereo with 44.1 kHz, whose channels differ."""
    bars = groove(FOUR, 55, 48).samples  # twice as fast at 44.1 kHz
    left = np.resize(bars, round(minutes * 60 * 2 * HZ))
    soundfile.write(path, np.stack([left, 0.9 * np.roll(left, 9)], axis=1), 2 * HZ)
    return path
