"""Click track: a click on every beat."""

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
    """Write a mono file, 44.1 kHz, 16 bit, with `samples` samples; each click starts exactly at its beat (seconds).

    A downbeat, with position 1, is higher and louder.
    """
    track = np.zeros(samples)
    for time, position in zip(times, positions, strict=True):
        start = round(time * HZ)
        sound = DOWNBEAT if position == 1 else BEAT
        track[start : start + len(sound)] = sound[: max(0, samples - start)]
    soundfile.write(path, track, HZ, subtype="PCM_16")


def _sound(hz: float, level: float) -> Floats:
    """Return a cosine that is loudest at its first sample and decays within `SECONDS`."""
    time = np.arange(int(SECONDS * HZ)) / HZ
    return np.asarray(level * np.cos(2 * np.pi * hz * time) * np.exp(-time * 7 / SECONDS))


BEAT, DOWNBEAT = _sound(BEAT_HZ, BEAT_LEVEL), _sound(DOWNBEAT_HZ, DOWNBEAT_LEVEL)
