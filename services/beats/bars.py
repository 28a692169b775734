"""Bars: the metre's rhythm patterns, how well they fit, and the position of each beat in its bar.

A pattern is a typical bar: where bass and kick play, where snare and chords answer, where the harmony changes. The
patterns are centres of clusters of the mean bars of songs (tests/evaluation/fitting.py).
"""

import json
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import numba
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
CHANGE_PENALTY: Final = 12.0
"""Penalty for a change of metre. With 8 or more, none of 212 training songs in one metre had a change."""
CHANGEABLE: Final = frozenset({3, 4, 5, 7})
"""Metres that may follow each other in a song. Bars of two beats are short bars of another metre."""
ANCHOR: Final = 0.3
"""Log likelihood for each beat that continues the bars of the known downbeats."""


class BarCount(NamedTuple):
    """`positions` of the beats in their bars, from 1, and the number of beats of each beat's whole bar."""

    positions: Positions
    beats_per_bar: NDArray[np.int64]


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
    one = np.zeros(beats_per_bar, np.int64)
    total, _ = _best_path(gains, np.zeros(beats_per_bar), np.array([0, beats_per_bar]), one)
    return float(total)


def count_bars(
    accents: Floats,
    known: Patterns,
    metre: int,
    anchors: Positions | None = None,
    downbeat_evidence: Floats | None = None,
) -> BarCount:
    """Return the likeliest bars of a song in `metre`, by the Viterbi algorithm; few bars end early.

    The song may change to the other metres of `known` and back. `anchors` are positions in the song's metre that are
    already known, from 1, or 0 where they are not. `downbeat_evidence` is the log likelihood ratio of a downbeat for
    each beat, or 0 where nothing is known.
    """
    bars = [(each, pattern) for each, of_metre in known.items() for pattern in of_metre]
    starts = np.cumsum([0] + [len(pattern) for _, pattern in bars])
    metres = np.array([each for each, pattern in bars for _ in pattern])
    positions = np.concatenate([np.arange(len(pattern)) for _, pattern in bars]) + 1
    gains = np.concatenate([likelihood_ratios(accents, pattern[None])[0] for _, pattern in bars])
    if downbeat_evidence is not None:
        gains[positions == 1] += downbeat_evidence
    if anchors is not None:
        gains += ANCHOR * ((positions[:, None] == anchors) & (metres == metre)[:, None])
    first = np.where(metres == metre, 0.0, -CHANGE_PENALTY)
    _, path = _best_path(gains, first, starts, metres)
    return BarCount(positions[path], np.repeat(np.diff(starts), np.diff(starts))[path])


@numba.njit()
def _best_path(gains: Floats, first: Floats, starts: Positions, metres: Positions) -> tuple[float, Positions]:
    """Return the greatest total and its states. Pattern `n` has the states from `starts[n]` to `starts[n + 1]`."""
    states, beats = gains.shape
    before = np.zeros((beats, states), np.int16)
    score = first + gains[:, 0]
    for beat in range(1, beats):
        now = np.empty(states)
        for pattern in range(len(starts) - 1):
            start, end = starts[pattern], starts[pattern + 1]
            now[start + 1 : end] = score[start : end - 1]
            before[beat, start + 1 : end] = np.arange(start, end - 1)
            best, origin = score[end - 1], end - 1
            for state in range(start, end - 1):
                if score[state] - SHORT_BAR_PENALTY > best:
                    best, origin = score[state] - SHORT_BAR_PENALTY, state
            for other in starts[1:] - 1:
                if metres[other] != metres[start] and score[other] - CHANGE_PENALTY > best:
                    best, origin = score[other] - CHANGE_PENALTY, other
            now[start], before[beat, start] = best, origin
        score = now + gains[:, beat]
    path = np.empty(beats, np.int64)
    path[-1] = np.argmax(score)
    for beat in range(beats - 1, 0, -1):
        path[beat - 1] = before[beat, path[beat]]
    return score.max(), path
