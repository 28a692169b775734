"""What speaks for beats and for bars, in numbers: what is struck on them, between them, and on every other one."""

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import numpy as np

from services.beats.harmony import Harmony
from services.beats.onsets import FPS, Floats, Onsets, near
from services.beats.tracking import Frames

Evidence = dict[str, float]

PARTS: Final = {"beats": (0.0,), "halves": (1 / 2,), "quarters": (1 / 4, 3 / 4), "thirds": (1 / 3, 2 / 3)}
"""Where between two beats."""
PARTS_OF_BAR: Final = {
    "middle": (1 / 2,),
    "quarters": (1 / 4, 3 / 4),
    "thirds": (1 / 3, 2 / 3),
    "sixths": (1 / 6, 5 / 6),
}
"""Where between two downbeats: a bar of three has no middle, one of two or four no thirds."""
FAINTEST: Final = 0.2
STEADY: Final = 1.5
"""By how much what is struck has to stand out of its surroundings."""
USUAL_BPM: Final = 110.0
FARTHEST_BARS: Final = 3
"""How many bars on a pattern is looked for again."""
FEWEST_PAIRS: Final = 4


class Struck:
    """What is played around the beats of one way to count a song."""

    def __init__(self, onsets: Onsets, harmony: Harmony, frames: Frames) -> None:
        self.frames = frames
        self._harmony = harmony
        self._views = {"flux": onsets.superflux, "low": onsets.low, "middle": onsets.middle, "high": onsets.high}

    @property
    def tempo_bpm(self) -> float:
        return float(60 * FPS / np.mean(np.diff(self.frames)))

    @cached_property
    def beats(self) -> Evidence:
        """Logarithms of onset strengths at the beats and between them, and what tells a beat from its multiples."""
        strengths = {
            f"{view} at {part}": _log(self._at(strength, where))
            for view, strength in self._near.items()
            for part, where in PARTS.items()
        }
        low, middle = (self._at(self._near[view], (0.0,)) for view in ("low", "middle"))
        return strengths | {
            "low is steady": float(np.mean(low > STEADY)),
            "flux is steady": float(np.mean(self._at(self._near["flux"], (0.0,)) > STEADY)),
            "middle answers low": -_alternation(low) * _alternation(middle),
            "every other one": abs(_alternation(low)) + abs(_alternation(middle)),
            "harmony": self._change(0) - self._change(1 / 2),
            "tempo": self._octaves,
            "slow": -(min(self._octaves, 0) ** 2),
            "fast": -(max(self._octaves, 0) ** 2),
        }

    def bars(self, beats_per_bar: int, first: int) -> Evidence:
        """Of bars that begin with beat `first`: what is struck inside them."""
        downbeats = self.frames[first::beats_per_bar]
        inside: dict[str, float] = {}
        for view in self._views:
            at = {
                part: np.log(FAINTEST + _between(self._near[view], downbeats, where).mean(axis=1)).mean()
                for part, where in PARTS_OF_BAR.items()
            }
            inside |= {f"{view} at {part}": float(at[part] - at["middle"]) for part in ("quarters", "thirds", "sixths")}
            inside[f"{view} lopsided"] = abs(inside[f"{view} at thirds"] - inside[f"{view} at sixths"])
        return inside | {"tempo": self._octaves}

    @cached_property
    def in_three(self) -> Evidence:
        """How far the beats are divided in three, rather than in two."""
        at = self.beats
        return {
            f"{view} in three": min(at[f"{view} at thirds"], at[f"{view} at beats"]) - at[f"{view} at halves"]
            for view in self._views
        }

    def alike(self, beats_per_bar: int) -> float:
        """How much more alike are beats that are whole bars apart than others, as a correlation."""
        lags = range(1, FARTHEST_BARS * beats_per_bar + 1)
        pattern = self._pattern
        likeness = [
            float(np.mean(pattern[:, :-lag] * pattern[:, lag:])) if pattern.shape[1] >= lag + FEWEST_PAIRS else 0.0
            for lag in lags
        ]
        whole = [value for lag, value in zip(lags, likeness, strict=True) if lag % beats_per_bar == 0]
        other = [value for lag, value in zip(lags, likeness, strict=True) if lag % beats_per_bar]
        return float(np.mean(whole) - np.mean(other))

    @cached_property
    def _near(self) -> Mapping[str, Floats]:
        return {view: near(strength) for view, strength in self._views.items()}

    @property
    def _octaves(self) -> float:
        return float(np.log2(self.tempo_bpm / USUAL_BPM))

    def _at(self, strength: Floats, parts: tuple[float, ...]) -> Floats:
        return _between(strength, self.frames, parts)

    def _change(self, part: float) -> float:
        reach = np.diff(self.frames) / FPS
        change, bass = self._harmony.change(self.frames[:-1] / FPS + part * reach, reach)
        return float(change.mean() + bass.mean())

    @cached_property
    def _pattern(self) -> Floats:
        """[feature, beat]: what is struck around each beat, as against the others."""
        parts = [part for where in PARTS.values() for part in where]
        views = [_between(self._near[view], self.frames, tuple(parts)) for view in ("low", "middle", "high")]
        pattern = np.log1p(np.concatenate(views))
        spread = np.maximum(pattern.std(axis=1, keepdims=True), FAINTEST)
        return np.asarray((pattern - pattern.mean(axis=1, keepdims=True)) / spread)


def _between(strength: Floats, marks: Frames, parts: tuple[float, ...]) -> Floats:
    """Strengths at parts of the way from each mark to the next, [part, mark]."""
    gaps = np.diff(marks)
    return np.stack([strength[np.rint(marks[:-1] + part * gaps).astype(int)] for part in parts])


def _log(strengths: Floats) -> float:
    return float(np.log(FAINTEST + strengths.mean()))


def _alternation(strengths: Floats) -> float:
    """How much stronger the even ones are than the odd ones, -1 to 1."""
    even, odd = float(strengths[:, ::2].mean()), float(strengths[:, 1::2].mean())
    return (even - odd) / (even + odd + 0.5)
