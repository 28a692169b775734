"""Features of a beat grid: onset strengths on the beats, between them and on every other beat, and in the bars."""

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import numpy as np

from services.beats.harmony import Harmony
from services.beats.onsets import FPS, Floats, Onsets, local_maximum
from services.beats.tracking import Frames

Features = dict[str, float]
"""The names are keys of weights.json."""

PARTS: Final = {"beats": (0.0,), "halves": (1 / 2,), "quarters": (1 / 4, 3 / 4), "thirds": (1 / 3, 2 / 3)}
"""Positions between two beats, as shares of the interval."""
PARTS_OF_BAR: Final = {
    "middle": (1 / 2,),
    "quarters": (1 / 4, 3 / 4),
    "thirds": (1 / 3, 2 / 3),
    "sixths": (1 / 6, 5 / 6),
}
"""Positions between two downbeats: a bar of 3 has no beat in the middle, a bar of 2 or 4 none at the thirds."""
FLOOR: Final = 0.2
STEADY: Final = 1.5
"""Minimum onset strength of a played beat, as a multiple of the local mean."""
TYPICAL_BPM: Final = 110.0
MAX_LAG_BARS: Final = 3
"""A pattern is compared with the following bars up to this distance."""
MIN_PAIRS: Final = 4


class BeatFeatures:
    """Features of the beats at `frames`."""

    def __init__(self, onsets: Onsets, harmony: Harmony, frames: Frames) -> None:
        self.frames = frames
        self._harmony = harmony
        self._views = {"flux": onsets.superflux, "low": onsets.low, "middle": onsets.middle, "high": onsets.high}

    @property
    def tempo_bpm(self) -> float:
        return float(60 * FPS / np.mean(np.diff(self.frames)))

    @cached_property
    def beats(self) -> Features:
        """Logarithms of onset strengths on and between the beats, and features of the right tempo octave."""
        strengths = {
            f"{view} at {part}": _log(self._at(strength, where))
            for view, strength in self._strengths.items()
            for part, where in PARTS.items()
        }
        low, middle = (self._at(self._strengths[view], (0.0,)) for view in ("low", "middle"))
        return strengths | {
            "low is steady": float(np.mean(low > STEADY)),
            "flux is steady": float(np.mean(self._at(self._strengths["flux"], (0.0,)) > STEADY)),
            "middle answers low": -_alternation(low) * _alternation(middle),
            "every other one": abs(_alternation(low)) + abs(_alternation(middle)),
            "harmony": self._change(0) - self._change(1 / 2),
            "tempo": self._octaves,
            "slow": -(min(self._octaves, 0) ** 2),
            "fast": -(max(self._octaves, 0) ** 2),
        }

    def bars(self, beats_per_bar: int, first: int) -> Features:
        """Return onset strengths inside bars of which the first begins with beat `first`."""
        downbeats = self.frames[first::beats_per_bar]
        inside: dict[str, float] = {}
        for view in self._views:
            at = {
                part: np.log(FLOOR + _between(self._strengths[view], downbeats, where).mean(axis=1)).mean()
                for part, where in PARTS_OF_BAR.items()
            }
            inside |= {f"{view} at {part}": float(at[part] - at["middle"]) for part in ("quarters", "thirds", "sixths")}
            inside[f"{view} lopsided"] = abs(inside[f"{view} at thirds"] - inside[f"{view} at sixths"])
        return inside | {"tempo": self._octaves}

    @cached_property
    def triple_division(self) -> Features:
        """Strength of a division of the beats by three, compared with one by two."""
        at = self.beats
        return {
            f"{view} in three": min(at[f"{view} at thirds"], at[f"{view} at beats"]) - at[f"{view} at halves"]
            for view in self._views
        }

    def bar_similarity(self, beats_per_bar: int) -> float:
        """Return how much higher the correlation of beats is at lags of whole bars than at other lags."""
        lags = range(1, MAX_LAG_BARS * beats_per_bar + 1)
        pattern = self._pattern
        correlations = [
            float(np.mean(pattern[:, :-lag] * pattern[:, lag:])) if pattern.shape[1] >= lag + MIN_PAIRS else 0.0
            for lag in lags
        ]
        whole = [value for lag, value in zip(lags, correlations, strict=True) if lag % beats_per_bar == 0]
        other = [value for lag, value in zip(lags, correlations, strict=True) if lag % beats_per_bar]
        return float(np.mean(whole) - np.mean(other))

    @cached_property
    def _strengths(self) -> Mapping[str, Floats]:
        return {view: local_maximum(strength) for view, strength in self._views.items()}

    @property
    def _octaves(self) -> float:
        return float(np.log2(self.tempo_bpm / TYPICAL_BPM))

    def _at(self, strength: Floats, parts: tuple[float, ...]) -> Floats:
        return _between(strength, self.frames, parts)

    def _change(self, part: float) -> float:
        reach = np.diff(self.frames) / FPS
        change, bass = self._harmony.change(self.frames[:-1] / FPS + part * reach, reach)
        return float(change.mean() + bass.mean())

    @cached_property
    def _pattern(self) -> Floats:
        """Standardized onset strengths around each beat, [feature, beat]."""
        parts = [part for where in PARTS.values() for part in where]
        views = [_between(self._strengths[view], self.frames, tuple(parts)) for view in ("low", "middle", "high")]
        pattern = np.log1p(np.concatenate(views))
        spread = np.maximum(pattern.std(axis=1, keepdims=True), FLOOR)
        return np.asarray((pattern - pattern.mean(axis=1, keepdims=True)) / spread)


def _between(strength: Floats, marks: Frames, parts: tuple[float, ...]) -> Floats:
    """Return strengths at parts of the interval from each mark to the next, [part, mark]."""
    gaps = np.diff(marks)
    return np.stack([strength[np.rint(marks[:-1] + part * gaps).astype(int)] for part in parts])


def _log(strengths: Floats) -> float:
    return float(np.log(FLOOR + strengths.mean()))


def _alternation(strengths: Floats) -> float:
    """Return how much stronger even beats are than odd beats, -1 to 1."""
    even, odd = float(strengths[:, ::2].mean()), float(strengths[:, 1::2].mean())
    return (even - odd) / (even + odd + 0.5)
