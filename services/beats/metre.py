"""How many beats a bar has, and which of them is the first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HEAD_START = {4: 2.0, 3: 1.0, 5: 0.5, 2: 0.0}
"""By how many standard errors a bar of so many beats is believed before anything was heard."""

SMALLEST_ERROR = 0.1
"""So that beats which are all alike, as a metronome's, are evidence of nothing."""


@dataclass(frozen=True)
class Metre:
    """`positions` counts the beats within their bars, from 1, the downbeat."""

    beats_per_bar: int
    positions: NDArray[np.int64]


def metre(onsets: Floats, low_onsets: Floats, harmony_change: Floats) -> Metre:
    """From the strength of each beat, of its low end, and of the change of harmony at it, [beat] each.

    Bars begin where bass and kick play and chords change. Every bar length and first beat is tried; the
    one whose first beats stand out most from the others, in standard errors, wins. Four beats are favoured.
    """
    accents = _relative(onsets) + 2 * _relative(low_onsets) + 4 * harmony_change
    number = np.arange(len(accents))
    scores = {
        (length, first): HEAD_START[length] + _contrast(accents, number % length == first)
        for length in HEAD_START
        for first in range(length)
    }
    length, first = max(scores, key=scores.__getitem__)
    return Metre(length, (number - first) % length + 1)


def _relative(values: Floats) -> Floats:
    return np.asarray(values / (values.mean() + 1e-9))


def _contrast(accents: Floats, chosen: NDArray[np.bool_]) -> float:
    """The difference of the means of those chosen and the others, in standard errors (Welch's t)."""
    inside, outside = accents[chosen], accents[~chosen]
    if min(len(inside), len(outside)) < 2:  # noqa: PLR2004 -- a spread needs two
        return -np.inf
    error = np.sqrt(inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside))
    return float((inside.mean() - outside.mean()) / (error + SMALLEST_ERROR))
