"""Bars: the metre's rhythm patterns, how well they fit, and the position of each beat in its bar.

A pattern is a typical bar: where bass and kick play, where snare and chords answer, where the harmony changes. The
patterns are centres of clusters of the mean bars of songs (tests/evaluation/fitting.py).
"""

import json
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.beats.onsets import Floats

Positions = NDArray[np.int64]
"""Position of each beat in its bar, from 1."""
Patterns = dict[int, Floats]
"""Patterns of each metre, [pattern, position in the bar, row of accents]; their positions have mean 0."""

COMPOUND: Final = 6
"""Six eighth notes in a bar, counted as two beats."""
METRES: Final = (2, 3, 4, 5, COMPOUND, 7)
ROW_WEIGHTS: Final = np.array([1, 0.6, 0.4, 0.4, 0.4, 0.3, 0.5, 0.5, 0.5, 0.5])
"""Reliability of each row of accents."""
SHORT_BAR_PENALTY: Final = 8.0
"""Penalty, in log likelihood, for a bar that ends early."""
ANCHOR: Final = 0.3
"""Log likelihood for each beat that continues the bars of the known downbeats."""


def beats_of(metre: int) -> int:
    """Return the number of beats in a bar."""
    return 2 if metre == COMPOUND else metre


@cache
def patterns() -> Patterns:
    loaded = json.loads(files("services.beats").joinpath("patterns.json").read_text())
    return {int(metre): np.array(bars) for metre, bars in loaded.items()}


def fits(accents: Floats, bars: Floats) -> Floats:
    """Return the fit of the best of a metre's patterns for each beat with which its bars may begin, [first beat].

    The fit is the mean log-likelihood ratio of a beat, compared with beats that are all equal.
    """
    gains = likelihood_ratios(accents, bars)
    count, number = bars.shape[1], np.arange(accents.shape[1])
    return np.array([gains[:, (number - first) % count, number].mean(axis=1).max() for first in range(count)])


def likelihood_ratios(accents: Floats, bars: Floats) -> Floats:
    """Return the log-likelihood ratio, [pattern, position, beat], of each position for each beat (unit variance)."""
    weighted = ROW_WEIGHTS * bars
    return np.asarray(weighted @ accents - 0.5 * (weighted * bars).sum(axis=2)[:, :, None])


def sum_on_downbeats(evidence: Floats, beats_per_bar: int) -> float:
    """Return the greatest sum of the evidence, [beat], over downbeats; few bars end early, each for its penalty."""
    gains = np.zeros((beats_per_bar, len(evidence)))
    gains[0] = evidence
    return _best_path(gains)[0]


def bar_positions(
    accents: Floats, bars: Floats, anchors: Positions | None = None, downbeat_evidence: Floats | None = None
) -> Positions:
    """Return the likeliest position of each beat in its bar, from 1, by the Viterbi algorithm; few bars end early.

    `anchors` are positions that are already known, from 1, or 0 where they are not. `downbeat_evidence` is the log
    likelihood ratio of a downbeat for each beat, or 0 where nothing is known.
    """
    bonus = np.zeros((bars.shape[1], accents.shape[1]))
    if anchors is not None:
        known = np.flatnonzero(anchors)
        bonus[anchors[known] - 1, known] = ANCHOR
    if downbeat_evidence is not None:
        bonus[0] += downbeat_evidence
    paths = (_best_path(gains + bonus) for gains in likelihood_ratios(accents, bars))
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
