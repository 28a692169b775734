"""Hypotheses about tempo, beats and metre, and the choice of the likeliest one.

The same song can be counted at half, double or two thirds of its tempo, or between its beats, and in bars of two to
seven beats. Each hypothesis is tracked through the song, and a conditional logit of its features decides (McFadden,
"Conditional logit analysis of qualitative choice behavior", 1974).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np

from services.beats.bars import accents, fit_patterns
from services.beats.beat_features import BeatFeatures, Features
from services.beats.candidates import tempo_candidates
from services.beats.harmony import Harmony
from services.beats.onsets import Onsets
from services.beats.tracking import Frames, has_valid_tempo, track

MIN_BEATS: Final = 8
MIN_BARS: Final = 2
MAX_EXTRA_BEATS, SAME_FRAMES, SAME_SHARE = 2, 3, 0.9
COMPOUND: Final = 6
"""Six eighth notes in a bar, counted as two beats."""
METRES: Final = (2, 3, 4, 5, COMPOUND, 7)
MAX_FIT_BEATS: Final = 60
"""More beats do not increase the fit, because deviations from a pattern repeat themselves."""
MIN_FIT, MIN_SIMILARITY = -0.15, 0.02
"""Below both, all beats are practically equal, as those of a metronome, and bars cannot be found."""


@dataclass(frozen=True)
class MeterHypothesis:
    """Beats at `frames`, in bars of `metre`; the first bar begins with beat `first`."""

    frames: Frames
    tempo_bpm: float
    metre: int
    first: int
    features: Features

    @property
    def beats_per_bar(self) -> int:
        return _beats(self.metre)

    @property
    def has_bars(self) -> bool:
        """True if the beats differ enough to find the bars."""
        return self.features["fit of a beat"] > MIN_FIT or self.features["alike"] > MIN_SIMILARITY


@dataclass(frozen=True)
class Meter:
    """The likeliest hypothesis and its probabilities, 0 to 1.

    `beat_probability` is that of its beats among all hypotheses; `bar_probability` is that of its bars among the
    hypotheses with the same beats, and 0 if its beats are all equal.
    """

    hypothesis: MeterHypothesis
    beat_probability: float
    bar_probability: float


def estimate_meter(onsets: Onsets, harmony: Harmony) -> Meter | None:
    """Return the likeliest hypothesis; None if no onsets repeat."""
    found = list(hypotheses(onsets, harmony))
    return choose(found, weights()) if found else None


def hypotheses(onsets: Onsets, harmony: Harmony) -> Iterator[MeterHypothesis]:
    """Yield hypotheses for every tempo candidate, on the strongest beats and halfway between them, in every metre."""
    for frames in beat_candidates(onsets):
        features = BeatFeatures(onsets, harmony, frames)
        for count, (fit, first) in fit_patterns(accents(onsets, harmony, frames)).items():
            if len(frames) < first + MIN_BARS * count + 1:
                continue
            bars, similarity = features.bars(count, first), features.bar_similarity(count)
            pattern_fit = {"fit": fit * np.sqrt(min(len(frames), MAX_FIT_BEATS)), "fit of a beat": fit}
            for metre in (each for each in METRES if _beats(each) == count):
                named = {f"{name} in {metre}": value for name, value in bars.items()}
                division = features.triple_division if metre == COMPOUND else {}
                of_metre = {f"bars in {metre}": 1.0, "alike": similarity}
                values = features.beats | named | division | pattern_fit | of_metre
                yield MeterHypothesis(frames, features.tempo_bpm, metre, first, values)


def beat_candidates(onsets: Onsets) -> Iterator[Frames]:
    """Yield each sequence of beats with a valid tempo once, because similar tempi may lead to the same beats."""
    strength = onsets.superflux + onsets.low
    seen: list[Frames] = []
    for tempo in tempo_candidates(strength, onsets.low):
        frames = track(strength, tempo)
        if len(frames) > MIN_BEATS and not has_valid_tempo(frames):
            frames = track(strength, tempo, strict=True)
        if len(frames) > MIN_BEATS and not any(_same(frames, other) for other in seen):
            seen.append(frames)
            yield frames
            yield (frames[:-1] + frames[1:]) // 2


def choose(found: Sequence[MeterHypothesis], weights: Mapping[str, float]) -> Meter:
    """Return the likeliest of at least one hypothesis."""
    scores = np.array([sum(weights.get(name, 0.0) * value for name, value in each.features.items()) for each in found])
    probabilities = np.exp(scores - scores.max())
    probabilities /= probabilities.sum()
    best = found[int(np.argmax(probabilities))]
    same_beats = sum(share for share, each in zip(probabilities, found, strict=True) if each.frames is best.frames)
    return Meter(best, float(same_beats), float(probabilities.max() / same_beats) if best.has_bars else 0.0)


@cache
def weights() -> dict[str, float]:
    """Return the weight of each feature, fitted to generated songs by tests/evaluation/fitting.py."""
    loaded: dict[str, float] = json.loads(files("services.beats").joinpath("weights.json").read_text())
    return loaded


def _beats(metre: int) -> int:
    return 2 if metre == COMPOUND else metre


def _same(frames: Frames, others: Frames) -> bool:
    """Return true if the beats are the same within 30 ms, with few exceptions."""
    apart = np.abs(frames[:, None] - others).min(axis=1)
    return abs(len(frames) - len(others)) <= MAX_EXTRA_BEATS and float(np.mean(apart <= SAME_FRAMES)) > SAME_SHARE
