"""Click track: a click on every beat. Needs only the standard library, because the gateway makes click tracks, too."""

import math
import wave
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

HZ: Final = 44_100
SECONDS: Final = 0.03
BEAT_HZ, BEAT_LEVEL = 1000.0, 0.4
DOWNBEAT_HZ, DOWNBEAT_LEVEL = 1600.0, 0.8
SAMPLE_BYTES: Final = 2
SILENCE: Final = bytes(SAMPLE_BYTES * HZ)


def write_wav(path: Path, times: Sequence[float], positions: Sequence[int | None], samples: int) -> None:
    """Write the click track as a mono WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(HZ)
        file.setnframes(samples)
        for part in pcm(times, positions, samples):
            file.writeframesraw(part)


def pcm(times: Sequence[float], positions: Sequence[int | None], samples: int) -> Iterator[bytes]:
    """Yield one channel of `samples` samples, 16 bit, 44.1 kHz, in parts of at most a second.

    Each click starts exactly at its beat (seconds, in order). A downbeat, with position 1, is higher and louder.
    """
    starts = [*(min(round(time * HZ), samples) for time in times), samples]
    yield from _silence(starts[0])
    for (start, end), position in zip(pairwise(starts), positions, strict=True):
        click = (DOWNBEAT if position == 1 else BEAT)[: SAMPLE_BYTES * (end - start)]
        yield click
        yield from _silence(end - start - len(click) // SAMPLE_BYTES)


def _silence(samples: int) -> Iterator[bytes]:
    for left in range(samples, 0, -HZ):
        yield SILENCE[: SAMPLE_BYTES * left]


def _sound(hz: float, level: float) -> bytes:
    """Return a cosine that is loudest at its first sample and decays within `SECONDS`."""
    moments = (sample / HZ for sample in range(int(SECONDS * HZ)))
    values = (level * math.cos(2 * math.pi * hz * t) * math.exp(-t * 7 / SECONDS) for t in moments)
    return array("h", (round(32_767 * value) for value in values)).tobytes()


BEAT, DOWNBEAT = _sound(BEAT_HZ, BEAT_LEVEL), _sound(DOWNBEAT_HZ, DOWNBEAT_LEVEL)
