"""Confidence in the beats of a song, and their regularity."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from services.beats.onsets import FPS, Floats, Onsets
from services.beats.tracking import Frames, track

TOLERANCE_SECONDS: Final = 0.07
ONSET_REACH_SECONDS: Final = 0.05
MIN_INTERVALS: Final = 3
STRICTNESS: Final = 5.0
PRECISION_FRAMES: Final = 0.5
"""Precision of the onsets: a smaller deviation is none."""
TYPICAL_SHARE: Final = 0.75
"""Share of the intervals that decide: a few may deviate, at a pause or a missed onset."""
EPSILON: Final = 1e-9

BEAT_CONSTANTS: Final = (-4.18, 1.56, 2.81, 3.02)
"""Base, and weights of the agreement, the probability and the regularity."""
METRE_CONSTANTS: Final = (-2.36, 3.81)
"""Base, and weight of the probability. Both are fitted to songs that were left out: tests/evaluation/calibration.py."""


def confidence(agreement: float, probability: float, regularity: float) -> float:
    """Return the expected F-measure, 0 to 1; `probability` is that of the chosen beats among all hypotheses."""
    return float(expit(evidence(agreement, probability, regularity) @ BEAT_CONSTANTS))


def metre_confidence(probability: float) -> float:
    """Return how often such a metre is right, 0 to 1; `probability` is that of the metre, given the beats."""
    return float(expit(metre_evidence(probability) @ METRE_CONSTANTS))


def evidence(agreement: float, probability: float, regularity: float) -> Floats:
    """Return what `BEAT_CONSTANTS` are multiplied with; agreement only counts if it is high."""
    return np.array([1.0, agreement**3, probability, regularity])


def metre_evidence(probability: float) -> Floats:
    return np.array([1.0, probability])


def agreement(onsets: Onsets, frames: Frames) -> float:
    """Return the mean F-measure of the beats tracked in each single view of the onsets against `frames`, 0 to 1.

    Trackers agree if they are right: Holzapfel et al., "Selective sampling for beat tracking evaluation", IEEE TASLP
    20(9), 2012.
    """
    tempo = 60 * FPS / float(np.mean(np.diff(frames)))
    return float(np.mean([_f_measure(track(view, tempo), frames) for view in onsets.views.values()]))


def regularity(onsets: Onsets, frames: Frames) -> float:
    """Return 1 if all beats have the same length, and less the more successive lengths differ.

    Uses the onsets near the beats, because tracking smooths the beats themselves. A beat on which nothing is played
    counts as one: the onset after it is compared with where that of even beats would be.
    """
    played, times = _onsets_near(onsets, frames)
    beats = np.diff(played)
    lengths = np.diff(times) / beats
    if len(lengths) < MIN_INTERVALS:
        return 0.0
    deviations = np.abs(np.diff(lengths)) * np.maximum(beats[:-1], beats[1:])
    spread = max(0, np.quantile(deviations, TYPICAL_SHARE) - PRECISION_FRAMES) / np.median(lengths)
    return float(np.exp(-STRICTNESS * spread))


def _onsets_near(onsets: Onsets, frames: Frames) -> tuple[NDArray[np.int64], Floats]:
    """Return the numbers of the beats with an onset, and the frame of each onset, interpolated between frames."""
    reach = round(ONSET_REACH_SECONDS * FPS)
    strength = np.pad(onsets.superflux + onsets.low, reach + 1)
    windows = strength[frames[:, None] + np.arange(1, 2 * reach + 2)]
    played = np.flatnonzero(windows.max(axis=1) > 1)
    highest = frames[played] + windows[played].argmax(axis=1) - reach
    before, top, after = (strength[highest + reach + 1 + step] for step in (-1, 0, 1))
    curvature = np.minimum(before - 2 * top + after, -EPSILON)
    return played, highest + np.clip(0.5 * (before - after) / curvature, -0.5, 0.5)


def _f_measure(found: Frames, wanted: Frames) -> float:
    """Return the F-measure of two rising sequences."""
    fewer, more = (found, wanted) if len(found) < len(wanted) else (wanted, found)
    nearest = more[np.searchsorted((more[:-1] + more[1:]) / 2, fewer)]
    hits = int((np.abs(fewer - nearest) <= TOLERANCE_SECONDS * FPS).sum())
    return 2 * hits / (len(found) + len(wanted))
