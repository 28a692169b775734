"""Measures of beats, bars, tempo, chords and key. Beats are compared by mir_eval within 70 ms, from the start."""

from dataclasses import dataclass

import mir_eval
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from tests.evaluation.answer import Answer
from tests.evaluation.measures.harmony import chord_accuracy, key_score
from tests.evaluation.truth import Beat, Truth

Floats = NDArray[np.float64]

WINDOW_SECONDS = 0.07
TEMPO_TOLERANCE = 0.04
OCTAVES = (1 / 3, 1 / 2, 1, 2, 3)
COMPOUND = {"9/8": "3", "12/8": "4"}


@dataclass(frozen=True)
class Score:
    """Score of a clip with beats. Fractions are 0 to 1; `errors` of correct beats are in seconds, late is positive.

    A value is None if there is nothing to compare with.
    """

    f: float
    cmlt: float
    amlt: float
    downbeat_f: float
    metre: bool
    tempo: bool
    tempo_or_octave: bool
    errors: tuple[float, ...]
    confidence: float | None
    chords: float | None
    key: float | None


def score(truth: Truth, answer: Answer) -> Score:
    true, found = _times(truth.beats), _times(answer.beats)
    return Score(
        f=f_measure(true, found),
        cmlt=_continuity(true, found)[0],
        amlt=_continuity(true, found)[1],
        downbeat_f=f_measure(_downbeats(truth.beats), _downbeats(answer.beats)),
        metre=metre(truth.time_signature) == metre(answer.time_signature),
        tempo=same_tempo(truth.tempo_bpm, answer.tempo_bpm),
        tempo_or_octave=any(same_tempo(truth.tempo_bpm, answer.tempo_bpm, octave) for octave in OCTAVES),
        errors=hits(true, found),
        confidence=answer.confidence,
        chords=chord_accuracy(truth.chords, answer.chords),
        key=key_score(truth.key, answer.key),
    )


def f_measure(true: Floats, found: Floats) -> float:
    """Return the F-measure; 0 if one side is empty."""
    if not len(true) or not len(found):
        return 0.0
    return float(mir_eval.beat.f_measure(true, found, f_measure_threshold=WINDOW_SECONDS))


def hits(true: Floats, found: Floats) -> tuple[float, ...]:
    """Return the timing errors of the beats that match a true one, in seconds."""
    pairs = mir_eval.util.match_events(true, found, WINDOW_SECONDS)
    return tuple(float(found[there] - true[here]) for here, there in pairs)


def metre(signature: str | None) -> str | None:
    """Return the beats per bar; 7/8 counts as 7/4, because their beats are the same.

    In 9/8 and 12/8 a beat is a dotted quarter. 6/8 is a metre of its own, because it is not played like 2/4.
    """
    if signature is None:
        return None
    if signature in COMPOUND:
        return COMPOUND[signature]
    beats, unit = signature.split("/")
    return "6/8" if (beats, unit) in {("6", "8"), ("6", "4")} else beats


def same_tempo(true: float | None, found: float | None, octave: float = 1) -> bool:
    if true is None or found is None:
        return False
    return abs(found - octave * true) <= TEMPO_TOLERANCE * octave * true


def rank_correlation(confidence: list[float], f: list[float]) -> float | None:
    """Return Spearman's rank correlation; None for fewer than three values, or if one side is constant."""
    if len(f) < 3 or len(set(confidence)) < 2 or len(set(f)) < 2:
        return None
    return float(spearmanr(confidence, f).statistic)


def _continuity(true: Floats, found: Floats) -> tuple[float, float]:
    """Return CMLt and AMLt: the share that is tracked, at the right metrical level or at any allowed level."""
    if len(true) < 2 or len(found) < 2:
        return 0.0, 0.0
    _, correct, _, any_level = mir_eval.beat.continuity(true, found)
    return float(correct), float(any_level)


def _times(beats: tuple[Beat, ...]) -> Floats:
    return np.unique([beat.time for beat in beats])


def _downbeats(beats: tuple[Beat, ...]) -> Floats:
    return np.unique([beat.time for beat in beats if beat.position == 1])
