"""The key that a song is in, for singers who want it higher or lower."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.beats.tones import Tones

# How well each degree fits a key, from its tonic up: Krumhansl and Kessler, Psychological Review 89(4), 1982.
PROFILES: Final = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
TONICS: Final = {
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
KEYS: Final = tuple(f"{tonic} {mode}" for mode, tonics in TONICS.items() for tonic in tonics)

LEAST_CORRELATION: Final = 0.55
"""Below it the notes are no key's."""
TEMPERATURE: Final = 0.08


@dataclass(frozen=True)
class Key:
    """`name` is `D major`, `C# minor`; `confidence` is 0 to 1."""

    name: str
    confidence: float


def key(tones: Tones) -> Key | None:
    """None for what has no key: silence, drums, speech, noise."""
    if not tones.pitched:
        return None
    correlations = np.corrcoef(tones.chroma().mean(axis=1), ROTATED)[0, 1:]
    best = int(np.argmax(correlations))
    if correlations[best] < LEAST_CORRELATION:
        return None
    others = np.exp((correlations - correlations[best]) / TEMPERATURE)
    return Key(KEYS[best], float(correlations[best] / others.sum()))


ROTATED: Final = np.array([np.roll(PROFILES[mode], tonic) for mode in TONICS for tonic in range(12)])
