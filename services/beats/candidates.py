"""Tempo candidates: the periods of the onsets, and their halves, two thirds, doubles and so on."""

from typing import Final

import librosa
import numpy as np

from services.beats.onsets import FPS, Floats
from services.beats.tracking import FASTEST_BPM, SLOWEST_BPM

MAX_PERIODS: Final = 3
"""Number of the strongest periods that are used."""
RATIOS: Final = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 3, 4)
MIN_LOG_DISTANCE: Final = 0.05
MAX_PERIOD_SECONDS: Final = 2.0


def tempo_candidates(*strengths: Floats) -> list[float]:
    """Return tempi in beats per minute, most likely first; none if no onsets repeat."""
    found: list[float] = []
    for strength in strengths:
        for period in _periods(strength):
            for ratio in RATIOS:
                tempo = 60 * FPS / period * ratio
                is_new = all(abs(np.log(tempo / other)) > MIN_LOG_DISTANCE for other in found)
                if SLOWEST_BPM <= tempo <= FASTEST_BPM and is_new:
                    found.append(float(tempo))
    return found


def _periods(strength: Floats) -> list[float]:
    longest = int(MAX_PERIOD_SECONDS * FPS)
    correlation = librosa.autocorrelate(strength - strength.mean(), max_size=longest)
    peaks = np.flatnonzero((correlation[1:-1] > correlation[:-2]) & (correlation[1:-1] >= correlation[2:])) + 1
    peaks = peaks[(peaks > FPS * 60 / 400) & (correlation[peaks] > 0)]
    strongest = peaks[np.argsort(-correlation[peaks])][:MAX_PERIODS]
    return [_parabola_top(correlation, peak) for peak in strongest]


def _parabola_top(values: Floats, peak: int) -> float:
    """Return the position of the top of the parabola through a peak and its neighbours."""
    left, top, right = values[peak - 1 : peak + 2]
    return float(peak + 0.5 * (left - right) / (left - 2 * top + right))
