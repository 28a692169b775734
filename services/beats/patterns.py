"""What bars sound like: where in them bass and kick play, where snare and chords answer, where harmony changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.beats.onsets import Floats

VIEWS: Final = ("low", "middle", "harmony", "bass")
"""Of each beat: onset strength below 200 Hz and from 400 Hz to 5 kHz, change of chord, change of bass tone."""


@dataclass(frozen=True)
class Pattern:
    """`accents`, [view, position in the bar], with a mean of zero: it says nothing of beats that are all alike."""

    beats: int
    accents: Floats


def _pattern(low: Sequence[float], middle: Sequence[float], harmony: Sequence[float]) -> Pattern:
    accents = np.array([low, middle, harmony, harmony])
    return Pattern(len(low), accents - accents.mean(axis=1, keepdims=True))


PATTERNS: Final = (
    _pattern([1, 0.1, 0.6, 0.1], [0, 1, 0, 1], [1, 0, 0.35, 0]),
    _pattern([1, 0, 0.2, 0], [0, 0, 1, 0], [1, 0, 0.2, 0]),  # at half time
    _pattern([1, 0.1, 0.1], [0, 0.8, 0.8], [1, 0, 0]),
    _pattern([1, 0.1, 0.1], [0, 0.2, 1], [1, 0, 0]),
    _pattern([1, 0], [0, 1], [1, 0]),
    _pattern([1, 0.1, 0.1, 0.7, 0.1], [0, 0.5, 0.6, 0, 1], [1, 0, 0, 0.4, 0]),  # three and two
    _pattern([1, 0.1, 0.7, 0.1, 0.1], [0, 1, 0, 0.6, 0.6], [1, 0, 0.4, 0, 0]),
    _pattern([1, 0.1, 0.6, 0.1, 0.6, 0.1, 0.1], [0, 1, 0, 1, 0, 0.7, 0.7], [1, 0, 0.3, 0, 0.4, 0, 0]),  # 2, 2, 3
    _pattern([1, 0.1, 0.1, 0.6, 0.1, 0.6, 0.1], [0, 0.7, 0.7, 0, 1, 0, 1], [1, 0, 0, 0.4, 0, 0.3, 0]),
)
"""After the common grooves of popular music, by hand."""
