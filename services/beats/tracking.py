"""Where the beats of a given tempo fall, by dynamic programming.

As Ellis, "Beat Tracking by Dynamic Programming", JNMR 36(1), 2007, but each interval is compared with the one before it
rather than with one tempo for the whole song, so that a tempo that drifts is followed.
"""

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from services.beats.onsets import FPS, Floats

Frames = NDArray[np.int64]

REACH: Final = 0.22
"""How far a beat's length may stray from the tempo that was asked for, as a share of it."""
UNEVEN: Final = 120.0
STRAYING: Final = 4.0
"""What it costs, in onset strength, that a beat is e times as long as the one before it, or as the tempo has it."""


def track(strength: Floats, tempo_bpm: float) -> Frames:
    """The frames of the beats that are worth most together, from the first frame to the last."""
    usual = 60 * FPS / tempo_bpm
    lengths = np.arange(int(usual * (1 - REACH)), int(usual * (1 + REACH)) + 2)
    unevenness = UNEVEN * np.log(lengths[:, None] / lengths[None, :]) ** 2
    straying = STRAYING * np.log(lengths / usual) ** 2
    path: Frames = _best_path(np.ascontiguousarray(strength, np.float64), int(lengths[0]), unevenness, straying)
    return path


@numba.njit()
def _best_path(strength: Floats, shortest: int, unevenness: Floats, straying: Floats) -> Frames:
    frames, choices = len(strength), len(straying)
    worth = np.zeros((frames, choices))  # of the best path that ends with a beat here, as long as that
    before = np.full((frames, choices), -1, np.int16)
    for frame in range(frames):
        for choice in range(choices):
            start = frame - shortest - choice
            best = 0.0
            if start >= 0:
                for earlier in range(choices):
                    value = worth[start, earlier] - unevenness[earlier, choice]
                    if value > best:
                        best, before[frame, choice] = value, earlier
            worth[frame, choice] = strength[frame] + best - straying[choice]
    frame, choice, best = 0, 0, -1.0
    for last in range(max(0, frames - shortest - choices), frames):
        for each in range(choices):
            if worth[last, each] > best:
                frame, choice, best = last, each, worth[last, each]
    path = [frame]
    while before[frame, choice] >= 0:
        frame, choice = frame - shortest - choice, before[frame, choice]
        path.append(frame)
    return np.array(path[::-1], np.int64)
