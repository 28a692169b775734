"""The ways to count a song, and which of them is the likeliest.

The same song can be counted at a half, at twice or at two thirds of its tempo, or between its beats, and in bars of
two to seven. Every such reading is tracked through the song, and what speaks for each is weighed: a conditional logit
(McFadden, "Conditional logit analysis of qualitative choice behavior", 1974).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np

from services.beats.bars import accents, fits
from services.beats.beat_features import Evidence, Struck
from services.beats.candidates import tempi
from services.beats.harmony import Harmony
from services.beats.onsets import Onsets
from services.beats.tracking import Frames, track

FEWEST_BEATS: Final = 8
FEWEST_BARS: Final = 2
SAME_COUNT, SAME_FRAMES, SAME_SHARE = 2, 3, 0.9
COMPOUND: Final = 6
"""Six quavers to a bar, counted as two beats."""
METRES: Final = (2, 3, 4, 5, COMPOUND, 7)
LONGEST_FIT: Final = 60
"""Beats: more of them are not more evidence, as what does not fit a pattern does not fit it again."""
LEAST_FIT, LEAST_LIKENESS = -0.15, 0.02
"""Below both, beats are as good as all alike, as a metronome's are, and nothing tells where a bar begins."""


@dataclass(frozen=True)
class Reading:
    """Beats at `frames`, in bars of `metre` of which the first begins with beat `first`."""

    frames: Frames
    tempo_bpm: float
    metre: int
    first: int
    evidence: Evidence

    @property
    def beats_per_bar(self) -> int:
        return _beats(self.metre)

    @property
    def has_bars(self) -> bool:
        """Whether anything tells one beat from the others."""
        return self.evidence["fit of a beat"] > LEAST_FIT or self.evidence["alike"] > LEAST_LIKENESS


@dataclass(frozen=True)
class Choice:
    """The likeliest reading; how likely its beats are among those of all, and its bars among those of its beats.

    Bars that nothing tells are as likely as 0.
    """

    reading: Reading
    beats: float
    bars: float


def likeliest(onsets: Onsets, harmony: Harmony) -> Choice | None:
    """None where nothing repeats."""
    found = list(readings(onsets, harmony))
    return chosen(found, weights()) if found else None


def readings(onsets: Onsets, harmony: Harmony) -> Iterator[Reading]:
    """At every tempo that there may be, on the strongest pulse and half-way between, in every metre."""
    for frames in pulses(onsets):
        struck = Struck(onsets, harmony, frames)
        for count, (fit, first) in fits(accents(onsets, harmony, frames)).items():
            if len(frames) < first + FEWEST_BARS * count + 1:
                continue
            barred, alike = struck.bars(count, first), struck.alike(count)
            fits_well = {"fit": fit * np.sqrt(min(len(frames), LONGEST_FIT)), "fit of a beat": fit}
            for metre in (each for each in METRES if _beats(each) == count):
                named = {f"{name} in {metre}": value for name, value in barred.items()}
                divided = struck.in_three if metre == COMPOUND else {}
                evidence = struck.beats | named | divided | fits_well | {f"bars in {metre}": 1.0, "alike": alike}
                yield Reading(frames, struck.tempo_bpm, metre, first, evidence)


def pulses(onsets: Onsets) -> Iterator[Frames]:
    """Each once: from tempi that are near each other the same beats may be tracked."""
    strength = onsets.superflux + onsets.low
    seen: list[Frames] = []
    for tempo in tempi(strength, onsets.low):
        frames = track(strength, tempo)
        if len(frames) > FEWEST_BEATS and not any(_same(frames, other) for other in seen):
            seen.append(frames)
            yield frames
            yield (frames[:-1] + frames[1:]) // 2


def chosen(found: Sequence[Reading], weights: Mapping[str, float]) -> Choice:
    """Of at least one reading."""
    scores = np.array([sum(weights.get(name, 0.0) * value for name, value in each.evidence.items()) for each in found])
    likely = np.exp(scores - scores.max())
    likely /= likely.sum()
    best = found[int(np.argmax(likely))]
    same_beats = sum(share for share, each in zip(likely, found, strict=True) if each.frames is best.frames)
    return Choice(best, float(same_beats), float(likely.max() / same_beats) if best.has_bars else 0.0)


@cache
def weights() -> dict[str, float]:
    """Fitted to generated songs by tests/evaluation/fitting.py."""
    loaded: dict[str, float] = json.loads(files("services.beats").joinpath("weights.json").read_text())
    return loaded


def _beats(metre: int) -> int:
    return 2 if metre == COMPOUND else metre


def _same(frames: Frames, others: Frames) -> bool:
    """Whether they are the same beats, to 30 ms, but for a few."""
    apart = np.abs(frames[:, None] - others).min(axis=1)
    return abs(len(frames) - len(others)) <= SAME_COUNT and float(np.mean(apart <= SAME_FRAMES)) > SAME_SHARE
