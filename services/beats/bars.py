"""Which beat begins a bar, and how many a bar has."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.beats.harmony import Harmony
from services.beats.onsets import FPS, Floats, Onsets, near
from services.beats.patterns import PATTERNS, Pattern

Positions = NDArray[np.int64]

WEIGHTS: Final = np.array([1.0, 0.4, 1.0, 0.6])
LEAST_SPREAD: Final = np.array([0.25, 0.25, 0.06, 0.06])
"""A view that hardly differs from beat to beat is not blown up."""
LOUDEST: Final = 2.5
SLIP: Final = 8.0
"""What it costs that a bar ends early, in the logarithm of its likelihood."""


def accents(onsets: Onsets, harmony: Harmony, frames: NDArray[np.int64]) -> Floats:
    """How far each beat stands out from the others, [view, beat], in standard deviations."""
    reach = 2 * np.diff(frames, append=2 * frames[-1] - frames[-2]) / FPS
    change, bass = harmony.change(frames / FPS, reach)
    struck = [np.log1p(near(view)[frames]) for view in (onsets.low, onsets.middle)]
    views = np.stack([*struck, change, bass])
    spread = np.maximum(views.std(axis=1), LEAST_SPREAD)[:, None]
    return np.asarray(np.clip((views - views.mean(axis=1, keepdims=True)) / spread, -LOUDEST, LOUDEST))


def fits(stressed: Floats) -> dict[int, tuple[float, int]]:
    """For each number of beats in a bar: how well its best pattern fits, and which beat then begins the first bar.

    The fit is a log-likelihood ratio, against beats that are all alike, for each beat.
    """
    found: dict[int, tuple[float, int]] = {}
    number = np.arange(stressed.shape[1])
    for pattern in PATTERNS:
        gains = gain(stressed, pattern)
        for first in range(pattern.beats):
            fit = float(gains[(number - first) % pattern.beats, number].mean())
            found[pattern.beats] = max(found.get(pattern.beats, (-np.inf, 0)), (fit, first))
    return found


def gain(stressed: Floats, pattern: Pattern) -> Floats:
    """Log-likelihood ratio, [position, beat], of a beat being in that position, with noise of variance one."""
    weighted = WEIGHTS[:, None] * pattern.accents
    return np.asarray(weighted.T @ stressed - 0.5 * (weighted * pattern.accents).sum(axis=0)[:, None])


def positions(stressed: Floats, beats_per_bar: int) -> Positions:
    """The likeliest position of each beat in its bar, from 1, by Viterbi: a bar seldom ends early."""
    paths = (_path(gain(stressed, pattern)) for pattern in PATTERNS if pattern.beats == beats_per_bar)
    return max(paths, key=lambda path: path[0])[1] + 1


def _path(gains: Floats) -> tuple[float, Positions]:
    """The path of the greatest gain, and that gain."""
    count, beats = gains.shape
    before = (np.arange(count) - 1) % count
    worth, came_from = gains[:, 0], np.tile(before, (beats, 1))
    for beat in range(1, beats):
        best = worth[before]
        early = int(np.argmax(worth[:-1]))
        if worth[early] - SLIP > best[0]:
            best[0], came_from[beat, 0] = worth[early] - SLIP, early
        worth = best + gains[:, beat]
    path = [int(np.argmax(worth))]
    for beat in range(beats - 1, 0, -1):
        path.append(int(came_from[beat, path[-1]]))
    return float(worth.max()), np.array(path[::-1])
