"""Bars: the number of beats in a bar and the position of each beat in its bar.

A pattern describes a typical bar: where bass and kick play, where snare and chords answer, where the harmony changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.beats.harmony import Harmony
from services.beats.onsets import FPS, Floats, Onsets, local_maximum

Positions = NDArray[np.int64]
"""Position of each beat in its bar, from 1."""

VIEWS: Final = ("low", "middle", "harmony", "bass")
"""Features of each beat: onset strength below 200 Hz, from 400 Hz to 5 kHz, change of chord, change of bass tone."""
VIEW_WEIGHTS: Final = np.array([1.0, 0.4, 1.0, 0.6])
MIN_SPREAD: Final = np.array([0.25, 0.25, 0.06, 0.06])
"""Minimum standard deviation by view, so that small differences between beats are not amplified."""
MAX_ACCENT: Final = 2.5
SHORT_BAR_PENALTY: Final = 8.0
"""Penalty, in log likelihood, for a bar that ends early."""


@dataclass(frozen=True)
class Pattern:
    """`accents`, [view, position in the bar], have mean 0, so that equal beats favour no pattern."""

    beats: int
    accents: Floats


def _pattern(low: Sequence[float], middle: Sequence[float], harmony: Sequence[float]) -> Pattern:
    accents = np.array([low, middle, harmony, harmony])
    return Pattern(len(low), accents - accents.mean(axis=1, keepdims=True))


PATTERNS: Final = (
    _pattern([1, 0.1, 0.6, 0.1], [0, 1, 0, 1], [1, 0, 0.35, 0]),
    _pattern([1, 0, 0.2, 0], [0, 0, 1, 0], [1, 0, 0.2, 0]),  # half time
    _pattern([1, 0.1, 0.1], [0, 0.8, 0.8], [1, 0, 0]),
    _pattern([1, 0.1, 0.1], [0, 0.2, 1], [1, 0, 0]),
    _pattern([1, 0], [0, 1], [1, 0]),
    _pattern([1, 0.1, 0.1, 0.7, 0.1], [0, 0.5, 0.6, 0, 1], [1, 0, 0, 0.4, 0]),  # 3 + 2
    _pattern([1, 0.1, 0.7, 0.1, 0.1], [0, 1, 0, 0.6, 0.6], [1, 0, 0.4, 0, 0]),
    _pattern([1, 0.1, 0.6, 0.1, 0.6, 0.1, 0.1], [0, 1, 0, 1, 0, 0.7, 0.7], [1, 0, 0.3, 0, 0.4, 0, 0]),  # 2 + 2 + 3
    _pattern([1, 0.1, 0.1, 0.6, 0.1, 0.6, 0.1], [0, 0.7, 0.7, 0, 1, 0, 1], [1, 0, 0, 0.4, 0, 0.3, 0]),
)
"""Chosen by hand after common grooves of popular music."""


def accents(onsets: Onsets, harmony: Harmony, frames: NDArray[np.int64]) -> Floats:
    """Return how much each beat exceeds the mean of all beats, [view, beat], in standard deviations."""
    reach = 2 * np.diff(frames, append=2 * frames[-1] - frames[-2]) / FPS
    change, bass = harmony.change(frames / FPS, reach)
    strengths = [np.log1p(local_maximum(view)[frames]) for view in (onsets.low, onsets.middle)]
    views = np.stack([*strengths, change, bass])
    spread = np.maximum(views.std(axis=1), MIN_SPREAD)[:, None]
    return np.asarray(np.clip((views - views.mean(axis=1, keepdims=True)) / spread, -MAX_ACCENT, MAX_ACCENT))


def fit_patterns(accents: Floats) -> dict[int, tuple[float, int]]:
    """Return, for each number of beats in a bar, the fit of its best pattern and the index of the first downbeat.

    The fit is the mean log-likelihood ratio of a beat, compared with beats that are all equal.
    """
    found: dict[int, tuple[float, int]] = {}
    number = np.arange(accents.shape[1])
    for pattern in PATTERNS:
        gains = likelihood_ratios(accents, pattern)
        for first in range(pattern.beats):
            fit = float(gains[(number - first) % pattern.beats, number].mean())
            found[pattern.beats] = max(found.get(pattern.beats, (-np.inf, 0)), (fit, first))
    return found


def likelihood_ratios(accents: Floats, pattern: Pattern) -> Floats:
    """Return the log-likelihood ratio, [position, beat], of each position for each beat, with noise of variance 1."""
    weighted = VIEW_WEIGHTS[:, None] * pattern.accents
    return np.asarray(weighted.T @ accents - 0.5 * (weighted * pattern.accents).sum(axis=0)[:, None])


def bar_positions(accents: Floats, beats_per_bar: int) -> Positions:
    """Return the likeliest position of each beat in its bar, from 1, by the Viterbi algorithm; few bars end early."""
    paths = (_best_path(likelihood_ratios(accents, pattern)) for pattern in PATTERNS if pattern.beats == beats_per_bar)
    return max(paths, key=lambda path: path[0])[1] + 1


def _best_path(gains: Floats) -> tuple[float, Positions]:
    """Return the greatest total log-likelihood ratio and its path."""
    count, beats = gains.shape
    before = (np.arange(count) - 1) % count
    score, came_from = gains[:, 0], np.tile(before, (beats, 1))
    for beat in range(1, beats):
        best = score[before]
        early = int(np.argmax(score[:-1]))
        if score[early] - SHORT_BAR_PENALTY > best[0]:
            best[0], came_from[beat, 0] = score[early] - SHORT_BAR_PENALTY, early
        score = best + gains[:, beat]
    path = [int(np.argmax(score))]
    for beat in range(beats - 1, 0, -1):
        path.append(int(came_from[beat, path[-1]]))
    return float(score.max()), np.array(path[::-1])
