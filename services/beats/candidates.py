"""The tempi that a song may have: the periods of its onsets, and what is a half, two thirds, twice … of them."""

from typing import Final

import librosa
import numpy as np

from services.beats.onsets import FPS, Floats

SLOWEST_BPM, FASTEST_BPM = 53.0, 215.0
PERIODS: Final = 3
"""How many of the strongest periods are looked at."""
RATIOS: Final = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 3, 4)
ALIKE: Final = 0.05
LONGEST_SECONDS: Final = 2.0


def tempi(*strengths: Floats) -> list[float]:
    """In beats a minute, most likely first; none where nothing repeats."""
    found: list[float] = []
    for strength in strengths:
        for period in _periods(strength):
            for ratio in RATIOS:
                tempo = 60 * FPS / period * ratio
                is_new = all(abs(np.log(tempo / other)) > ALIKE for other in found)
                if SLOWEST_BPM <= tempo <= FASTEST_BPM and is_new:
                    found.append(float(tempo))
    return found


def _periods(strength: Floats) -> list[float]:
    longest = int(LONGEST_SECONDS * FPS)
    correlation = librosa.autocorrelate(strength - strength.mean(), max_size=longest)
    peaks = np.flatnonzero((correlation[1:-1] > correlation[:-2]) & (correlation[1:-1] >= correlation[2:])) + 1
    peaks = peaks[(peaks > FPS * 60 / 400) & (correlation[peaks] > 0)]
    strongest = peaks[np.argsort(-correlation[peaks])][:PERIODS]
    return [_between(correlation, peak) for peak in strongest]


def _between(values: Floats, peak: int) -> float:
    """The top of the parabola through a peak and its neighbours."""
    left, top, right = values[peak - 1 : peak + 2]
    return float(peak + 0.5 * (left - right) / (left - 2 * top + right))
