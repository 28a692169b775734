"""How sure one can be of a song's beats, and how even they are."""

from typing import Final

import numpy as np
from scipy.special import expit

from services.beats.onsets import FPS, Onsets
from services.beats.tracking import Frames, track

ALIKE_SECONDS: Final = 0.07
NEAR_SECONDS: Final = 0.05
FEWEST_LENGTHS: Final = 3
STRICTNESS: Final = 5.0

# Fitted to the true F-measure on one half of the generated songs, those without beats too: docs/evaluation.
BASE, AGREEMENT, LIKELIHOOD, REGULARITY = -4.7, 3.0, 2.1, 3.5
LIKELY: Final = 0.5
"""A likelihood of more than that says no more."""


def confidence(agreement: float, likelihood: float, regularity: float) -> float:
    """The F-measure that is to be expected, 0 to 1. `likelihood` is that of the reading among all others."""
    merit = BASE + AGREEMENT * agreement**3 + LIKELIHOOD * min(likelihood, LIKELY) + REGULARITY * regularity
    return float(expit(merit))


def agreement(onsets: Onsets, frames: Frames) -> float:
    """How far beats that are tracked in each view of the onsets alone are those given, 0 to 1.

    Trackers agree where they are right: Holzapfel et al., "Selective sampling for beat tracking evaluation", IEEE TASLP
    20(9), 2012.
    """
    tempo = 60 * FPS / float(np.mean(np.diff(frames)))
    return float(np.mean([_alike(track(view, tempo), frames) for view in onsets.views.values()]))


def regularity(onsets: Onsets, frames: Frames) -> float:
    """1 where every beat is as long as the one before it, falling with how much they differ.

    By the onsets that are heard at the beats: those that are tracked are evened out.
    """
    reach = round(NEAR_SECONDS * FPS)
    strength = np.pad(onsets.superflux + onsets.low, reach)
    windows = strength[frames[:, None] + np.arange(2 * reach + 1)]
    heard = frames + windows.argmax(axis=1) - reach
    lengths = np.diff(heard[windows.max(axis=1) > 1])
    if len(lengths) < FEWEST_LENGTHS:
        return 0.0
    spread = np.median(np.abs(np.diff(lengths))) / np.median(lengths)
    return float(np.exp(-STRICTNESS * spread))


def _alike(found: Frames, wanted: Frames) -> float:
    """F-measure. Both rise."""
    fewer, more = (found, wanted) if len(found) < len(wanted) else (wanted, found)
    nearest = more[np.searchsorted((more[:-1] + more[1:]) / 2, fewer)]
    hits = int((np.abs(fewer - nearest) <= ALIKE_SECONDS * FPS).sum())
    return 2 * hits / (len(found) + len(wanted))
