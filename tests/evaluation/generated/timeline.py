"""Times of the beats."""

import math
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

SLOWEST = 0.68
"""Final tempo of a ritardando, as a share of the tempo."""


@dataclass(frozen=True)
class Timeline:
    """`times` are in seconds; the first `pickup` of them precede the first bar. Beat 0 is the first downbeat."""

    times: NDArray[np.float64]
    pickup: int
    beats_per_bar: int

    def seconds(self, beat: float) -> float:
        """Return the time of a beat or a part of it; extrapolate beyond both ends."""
        index = beat + self.pickup
        if index < 0:
            return float(self.times[0] + index * (self.times[1] - self.times[0]))
        if index > len(self.times) - 1:
            last = self.times[-1] - self.times[-2]
            return float(self.times[-1] + (index - len(self.times) + 1) * last)
        return float(np.interp(index, np.arange(len(self.times)), self.times))

    @property
    def bars(self) -> int:
        """Number of whole bars; the last beat is the downbeat on which the song ends."""
        return (len(self.times) - 1 - self.pickup) // self.beats_per_bar

    def position(self, index: int) -> int:
        """Return the position in its bar, from 1, of the time at this index."""
        return (index - self.pickup) % self.beats_per_bar + 1


def timeline(
    bpm: float, beats_per_bar: int, seconds: float, random: Random, *,
    pickup: int = 0, drift: float = 0.0, wander: float = 0.0, ritardando: bool = False,
) -> Timeline:  # fmt: skip
    """Return whole bars of about `seconds` in total, after up to a second of silence."""
    bars = max(4, round(seconds * bpm / 60 / beats_per_bar))
    beats = pickup + bars * beats_per_bar
    period, phase = random.uniform(16, 30), random.uniform(0, 2 * math.pi)
    slowing = beats_per_bar * (2 if beats_per_bar * 60 / bpm > 1.6 else 4)
    times, walk = [random.uniform(0.05, 1.0)], 0.0
    for beat in range(beats):
        walk = 0.7 * walk + wander * random.gauss(0, 0.6)
        tempo = bpm * (1 + drift * math.sin(2 * math.pi * times[-1] / period + phase)) * math.exp(walk)
        left = beats - beat
        if ritardando and left <= slowing:
            tempo *= 1 - (1 - SLOWEST) * (1 - (left - 1) / slowing)
        times.append(times[-1] + 60 / tempo)
    return Timeline(np.array(times), pickup, beats_per_bar)
