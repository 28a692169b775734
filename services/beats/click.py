"""A click on every beat, to sing and play to."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from services.beats.onsets import Floats

HZ = 44_100
SECONDS = 0.03
BEAT_HZ, BEAT_LEVEL = 1000.0, 0.4
DOWNBEAT_HZ, DOWNBEAT_LEVEL = 1600.0, 0.8


def write(path: Path, times: Floats, positions: NDArray[np.int64], samples: int) -> None:
    """Mono, 44.1 kHz, 16 bit, of so many samples: each click begins at the very sample of its beat (seconds).

    A downbeat, whose position is 1, sounds higher and louder.
    """
    track = np.zeros(samples)
    for time, position in zip(times, positions, strict=True):
        start = round(time * HZ)
        sound = DOWNBEAT if position == 1 else BEAT
        track[start : start + len(sound)] = sound[: max(0, samples - start)]
    soundfile.write(path, track, HZ, subtype="PCM_16")


def _sound(hz: float, level: float) -> Floats:
    """A cosine, loudest at its first sample, and gone after `SECONDS`."""
    time = np.arange(int(SECONDS * HZ)) / HZ
    return np.asarray(level * np.cos(2 * np.pi * hz * time) * np.exp(-time * 7 / SECONDS))


BEAT, DOWNBEAT = _sound(BEAT_HZ, BEAT_LEVEL), _sound(DOWNBEAT_HZ, DOWNBEAT_LEVEL)
