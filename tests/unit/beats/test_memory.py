"""Memory of a process that analyses long songs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

from tests.unit.beats.grooves import FOUR, groove
from tests.unit.beats.synth import HZ

SHORT_MINUTES, LONG_MINUTES, LONGEST_MINUTES = 1, 3, 30
MAX_MEGABYTES = 700
PROGRAM = """
import sys
from pathlib import Path
from services.beats.rhythm import analyse
from services.beats.settings import Settings
from shared.events import Options
from shared.worker.inputs import Inputs

for song in map(Path, sys.argv[1:]):
    analyse(Inputs(song, drums=song), song.parent, Options(), Settings(), lambda _: None)
    print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def test_half_an_hour_with_a_drum_stem_needs_less_than_700_megabytes(tmp_path: Path) -> None:
    """The peak after a longer song shows how much each minute adds."""
    songs = [write(tmp_path / f"{minutes}.flac", minutes) for minutes in (SHORT_MINUTES, LONG_MINUTES)]
    found = subprocess.run([sys.executable, "-c", PROGRAM, *songs], capture_output=True, check=True, text=True).stdout
    short, long = (int(kilobytes) / 1000 for kilobytes in found.split())
    each_minute = (long - short) / (LONG_MINUTES - SHORT_MINUTES)
    assert long + each_minute * (LONGEST_MINUTES - LONG_MINUTES) < MAX_MEGABYTES


def write(path: Path, minutes: float) -> Path:
    """Write a song in stereo with 44.1 kHz, whose channels differ."""
    bars = groove(FOUR, 55, 48).samples  # twice as fast at 44.1 kHz
    left = np.resize(bars, round(minutes * 60 * 2 * HZ))
    soundfile.write(path, np.stack([left, 0.9 * np.roll(left, 9)], axis=1), 2 * HZ)
    return path
