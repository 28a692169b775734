"""Generated music with exact beats: kick, snare, hi-hat, bass and chords, in any metre. Mono, at `HZ`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.unit.beats.synth import HZ, Samples, note

Floats = NDArray[np.float64]
Clock = Callable[[Floats], Floats]

LEAD_SECONDS: Final = 0.5
TOLERANCE_SECONDS: Final = 0.07
"""Same as in mir_eval."""
ROOTS: Final = (0, 7, 9, 5)
"""Roots of the chords, one bar each, in semitones above C."""


@dataclass(frozen=True)
class Metre:
    """Hits on each step of a bar, marked by `x`."""

    signature: str
    beats: int
    kick: str
    snare: str
    hat: str


METRES: Final = (
    Metre("2/4", 2, "x...", "..x.", "xxxx"),
    Metre("3/4", 3, "x.....", "..x.x.", "xxxxxx"),
    Metre("4/4", 4, "x....x..", "..x...x.", "xxxxxxxx"),
    Metre("5/4", 5, "x.....x...", "....x...x.", "xxxxxxxxxx"),
    Metre("6/8", 2, "x.....", "...x..", "xxxxxx"),
    Metre("7/4", 7, "x.......x.....", "..x...x...x.x.", "xxxxxxxxxxxxxx"),
)
FOUR: Final = METRES[2]


@dataclass(frozen=True)
class Groove:
    """Samples, and the times of beats and downbeats in seconds."""

    samples: Samples
    beats: Floats
    downbeats: Floats


def groove(
    metre: Metre, tempo_bpm: float, seconds: float = 24, clock: Clock | None = None, *, chords: bool = True
) -> Groove:
    """Return whole bars, with or without `chords`.

    `clock` maps beat numbers to seconds from the first beat (default: a constant tempo).
    """
    at = clock or (lambda beat: beat * 60 / tempo_bpm)
    bars = int(seconds * tempo_bpm / 60 / metre.beats)
    beats = LEAD_SECONDS + at(np.arange(bars * metre.beats, dtype=float))
    steps = np.arange(bars * len(metre.kick))
    starts = LEAD_SECONDS + at(steps * metre.beats / len(metre.kick))
    samples = np.zeros(round((starts[-1] + 2) * HZ), np.float32)
    for step, start in zip(steps, starts, strict=True):
        for voice, hits in ((KICK, metre.kick), (SNARE, metre.snare), (HAT, metre.hat)):
            if hits[step % len(hits)] == "x":
                _mix(samples, start, voice)
    for bar, downbeat in enumerate(beats[:: metre.beats] if chords else ()):
        for interval in (-24, 0, 4, 7):
            _mix(samples, downbeat, 0.05 * note(60 + ROOTS[bar % 4] + interval, metre.beats * 60 / tempo_bpm))
    return Groove(samples, beats, beats[:: metre.beats])


def clicks(times: Floats, sound: Samples) -> Samples:
    """Return the sound at each of the times (seconds), and one more second."""
    samples = np.zeros(round((times[-1] + 1) * HZ), np.float32)
    for time in times:
        _mix(samples, time, sound)
    return samples


def f_measure(found: Floats, truth: Floats) -> float:
    """Return the F-measure; true beats are far enough apart that each found one matches at most one."""
    if not len(found):
        return 0.0
    distances = np.abs(np.subtract.outer(found, truth))
    hits = int((distances.min(axis=0) < TOLERANCE_SECONDS).sum())
    return 2 * hits / (len(found) + len(truth))


def _mix(samples: Samples, start: float, sound: Samples) -> None:
    first = round(start * HZ)
    room = samples[first : first + len(sound)]
    room += sound[: len(room)]


_TIME: Final = np.arange(HZ // 5) / HZ
_HISS: Final = np.random.default_rng(7).normal(0, 1, len(_TIME))


def _hit(sound: Floats, decay: float) -> Samples:
    return np.asarray(sound * np.exp(-decay * _TIME), np.float32)


CLICK: Final = _hit(0.5 * np.cos(2 * np.pi * 1000 * _TIME), 200)
KICK: Final = _hit(0.6 * np.sin(2 * np.pi * (50 * _TIME + 2 * (1 - np.exp(-40 * _TIME)))), 15)
SNARE: Final = _hit(0.15 * _HISS, 20)
HAT: Final = _hit(0.04 * np.diff(_HISS, prepend=0), 90)
BURST: Final = _hit(0.3 * _HISS, 60)
