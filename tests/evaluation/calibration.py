"""Constants of `beat_confidence` and `metre_confidence`, fitted to choices for songs that were left out.

To measure the error, each song's confidence is computed with constants fitted to the songs of other folds.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import minimize
from scipy.special import expit

from services.beats import confidence
from services.beats.beat_grid import MIN_CONFIDENCE
from services.beats.onsets import Floats, Onsets
from services.beats.tracking import Frames
from tests.evaluation.tables import figure, table

BINS: Final = 10
BEATLESS_IMPORTANCE: Final = 10.0
"""Importance of a clip without a beat, relative to a song: there are few, but beats must not be invented."""
RIDGE: Final = 1e-4


@dataclass(frozen=True)
class Judged:
    """The choice for a clip of `fold`: what its confidences are computed from, and whether it is right.

    `f` is the F-measure of its beats, 0 for a clip without a beat, which has no `metre_right`.
    """

    fold: int
    evidence: Floats
    metre_evidence: Floats
    f: float
    metre_right: bool | None


@dataclass(frozen=True)
class Calibration:
    """Confidences and what they should be, of the clips in one order; `shipped` are those of the present constants."""

    name: str
    left_out: Floats
    shipped: Floats
    true: Floats
    constants: tuple[float, ...]


def calibrations(judged: Sequence[Judged]) -> tuple[Calibration, Calibration]:
    """Return those of the beats and of the metre."""
    in_metre = [each for each in judged if each.metre_right is not None]
    return (
        _calibration(
            "beat_confidence",
            judged,
            np.array([each.evidence for each in judged]),
            np.array([each.f for each in judged]),
            confidence.BEAT_CONSTANTS,
        ),
        _calibration(
            "metre_confidence",
            in_metre,
            np.array([each.metre_evidence for each in in_metre]),
            np.array([float(bool(each.metre_right)) for each in in_metre]),
            confidence.METRE_CONSTANTS,
        ),
    )


def evidences(choices: Sequence[tuple[Onsets, Frames, float]]) -> list[Floats]:
    """Return the evidence for the beats at frames with a probability."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(track(pool.map(_evidence, choices, chunksize=8), description="Confidence", total=len(choices)))


def error(found: Floats, true: Floats) -> float:
    """Return the expected calibration error: the mean distance of confidence and truth, weighted by bin size."""
    return float(sum(abs(found[inside].sum() - true[inside].sum()) for inside in bins(found)) / len(found))


def bins(found: Floats) -> list[NDArray[np.bool_]]:
    """Return which confidences are in each of `BINS` bins of the same width; bins without any are omitted."""
    number = np.minimum((found * BINS).astype(int), BINS - 1)
    return [number == index for index in range(BINS) if np.any(number == index)]


def logistic(evidence: Floats, true: Floats, importance: Floats) -> Floats:
    """Return the constants of a logistic regression to truths from 0 to 1; the first one is the base."""

    def loss(constants: Floats) -> float:
        logits = evidence @ constants
        each = np.logaddexp(0, logits) - true * logits
        return float(importance @ each / importance.sum() + RIDGE * constants[1:] @ constants[1:])

    return np.asarray(minimize(loss, np.zeros(evidence.shape[1])).x)


def by_confidence(found: Sequence[Calibration], judged: Sequence[Judged]) -> str:
    """Return a table of the errors, and how well the limit separates clips without a beat from songs."""
    rows = [
        [
            f"`{each.name}`",
            str(len(each.true)),
            figure(error(each.left_out, each.true), 3),
            figure(error(each.shipped, each.true), 3),
            ", ".join(f"{value:.2f}" for value in each.constants),
        ]
        for each in found
    ]
    beats = found[0]
    beatless = np.array([each.metre_right is None for each in judged])
    lost = beats.shipped[~beatless] < MIN_CONFIDENCE
    f = beats.true[~beatless]
    sentences = (
        f"Beats are only reported from a `beat_confidence` of {MIN_CONFIDENCE} on.",
        f"The highest of {beatless.sum()} clips without a beat is {beats.shipped[beatless].max(initial=0):.2f}.",
        f"{lost.sum()} of {len(f)} songs are below; their mean beat F is {f[lost].mean() if lost.any() else 0:.2f}.",
    )
    head = ("", "clips", "error, left out", "error, as shipped", "fitted constants")
    return "\n".join((table(head, rows), "", *sentences))


def _calibration(
    name: str, judged: Sequence[Judged], evidence: Floats, true: Floats, constants: Sequence[float]
) -> Calibration:
    importance = np.array([BEATLESS_IMPORTANCE if each.metre_right is None else 1.0 for each in judged])
    fold_of = np.array([each.fold for each in judged])
    left_out = np.empty(len(true))
    for fold in set(fold_of.tolist()):
        held = fold_of == fold
        left_out[held] = expit(evidence[held] @ logistic(evidence[~held], true[~held], importance[~held]))
    shipped = expit(evidence @ np.array(constants))
    return Calibration(name, left_out, shipped, true, tuple(logistic(evidence, true, importance).tolist()))


def _evidence(choice: tuple[Onsets, Frames, float]) -> Floats:
    onsets, frames, probability = choice
    agreement, regularity = confidence.agreement(onsets, frames), confidence.regularity(onsets, frames)
    return confidence.evidence(agreement, probability, regularity)
