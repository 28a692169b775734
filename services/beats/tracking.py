"""Beat tracking for a given tempo, by dynamic programming.

Follows Ellis, "Beat Tracking by Dynamic Programming", JNMR 36(1), 2007, but compares each interval with the one before
instead of a constant tempo, so that it follows a drifting tempo.
"""

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from services.beats.onsets import FPS, Floats

Frames = NDArray[np.int64]

SLOWEST_BPM, FASTEST_BPM = 42.0, 300.0
"""Range of the tempo of a song; docs/api.md names it, too."""
FASTEST_BEAT_BPM: Final = 215.0
"""Only eighth notes that are counted as beats are faster."""
REACH: Final = 0.22
"""Maximum deviation of a beat interval from the given tempo, as a share of the interval."""
TYPICAL_DEVIATION: Final = 0.1
"""Maximum deviation from the median length of the beats that define the tempo."""
UNEVENNESS_COST: Final = 120.0
DEVIATION_COST: Final = 4.0
"""Costs, in onset strength, of an interval that is e times as long as the one before, or as the tempo's interval."""


def track(strength: Floats, tempo_bpm: float, *, fastest: float = FASTEST_BPM, strict: bool = False) -> Frames:
    """Return the frames of the beats with the highest total score, from the first frame to the last.

    They may drift out of the range of tempi up to `fastest`; if `strict`, not even a single interval is outside it.
    """
    interval = 60 * FPS / tempo_bpm
    lengths = np.arange(int(interval * (1 - REACH)), int(interval * (1 + REACH)) + 2)
    if strict:
        lengths = lengths[(lengths >= 60 * FPS / fastest) & (lengths <= 60 * FPS / SLOWEST_BPM)]
    unevenness = UNEVENNESS_COST * np.log(lengths[:, None] / lengths[None, :]) ** 2
    deviation = DEVIATION_COST * np.log(lengths / interval) ** 2
    path: Frames = _best_path(np.ascontiguousarray(strength, np.float64), int(lengths[0]), unevenness, deviation)
    return path


def tempo(times: Floats | Frames) -> float:
    """Return the tempo of at least two beats, in beats per unit of time.

    It is that of the beats of about the median length, so that a pause, a cut or a slow end does not change it.
    """
    lengths = np.diff(times)
    median = np.quantile(lengths, 0.5, method="lower")
    return float(1 / np.mean(lengths[np.abs(lengths / median - 1) <= TYPICAL_DEVIATION]))


def has_valid_tempo(frames: Frames, fastest: float = FASTEST_BPM) -> bool:
    """Return whether the tempo of the beats, at least two, is within the range up to `fastest`."""
    return SLOWEST_BPM <= 60 * FPS * tempo(frames) <= fastest


@numba.njit()
def _best_path(strength: Floats, shortest: int, unevenness: Floats, deviation: Floats) -> Frames:
    frames, choices = len(strength), len(deviation)
    kept = shortest + choices  # frames; no interval is longer
    score = np.zeros((kept, choices))  # of the best path that ends with a beat at this frame and this interval
    before = np.full((frames, choices), -1, np.int16)
    for frame in range(frames):
        for choice in range(choices):
            start = frame - shortest - choice
            best = 0.0
            if start >= 0:
                for earlier in range(choices):
                    value = score[start % kept, earlier] - unevenness[earlier, choice]
                    if value > best:
                        best, before[frame, choice] = value, earlier
            score[frame % kept, choice] = strength[frame] + best - deviation[choice]
    frame, choice, best = 0, 0, -1.0
    for last in range(max(0, frames - kept), frames):
        for each in range(choices):
            if score[last % kept, each] > best:
                frame, choice, best = last, each, score[last % kept, each]
    path = [frame]
    while before[frame, choice] >= 0:
        frame, choice = frame - shortest - choice, before[frame, choice]
        path.append(frame)
    return np.array(path[::-1], np.int64)
