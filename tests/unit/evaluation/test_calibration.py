"""The calibration of confidences."""

from pathlib import Path

import numpy as np
import pytest

from services.beats.confidence import confidence, evidence, metre_confidence, metre_evidence
from tests.evaluation import plots
from tests.evaluation.calibration import Judged, bins, by_confidence, calibrations, error

RANDOM = np.random.default_rng(1)


def judged(count: int, beatless: int = 0) -> list[Judged]:
    """Return clips of five folds whose F-measures and metres follow other constants than the shipped ones."""
    found = []
    for number in range(count):
        agreement, probability, regularity = RANDOM.uniform(size=3)
        f = float(np.clip(0.2 + 0.6 * agreement**3, 0, 1))
        right = bool(RANDOM.uniform() < 0.3 + 0.4 * probability)
        found.append(
            Judged(number % 5, evidence(agreement, probability, regularity), metre_evidence(probability), f, right)
        )
    nothing = Judged(0, evidence(0.1, 0.1, 0.1), metre_evidence(0.1), 0.0, None)
    return found + [nothing] * beatless


def test_the_error_is_the_distance_of_each_bin_weighted_by_its_size() -> None:
    sure = np.array([0.95, 0.95, 0.95, 0.05])
    assert error(sure, np.array([1.0, 1.0, 1.0, 0.0])) == pytest.approx(0.05)
    assert error(sure, np.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.75 * (0.95 - 2 / 3) + 0.25 * 0.05)
    assert [inside.sum() for inside in bins(np.array([0.0, 0.05, 1.0]))] == [2, 1]


def test_constants_fitted_to_other_folds_are_calibrated() -> None:
    beats, metres = calibrations(judged(1000))
    assert error(beats.left_out, beats.true) < 0.03 < error(beats.shipped, beats.true)
    assert error(metres.left_out, metres.true) < 0.06 < error(metres.shipped, metres.true)


def test_clips_without_a_beat_lower_the_confidence_of_beats_only() -> None:
    songs = judged(200)
    nothing = judged(0, beatless=5)
    (with_beats, metres), (with_both, same) = calibrations(songs), calibrations(songs + nothing)
    assert with_both.constants[0] < with_beats.constants[0]
    assert same.constants == metres.constants


def test_the_shipped_constants_are_those_of_the_engine() -> None:
    clips = [Judged(fold, evidence(0.5, 0.6, 0.7), metre_evidence(0.8), 0.5, True) for fold in range(5)]
    beats, metres = calibrations(clips)
    assert beats.shipped == pytest.approx([confidence(0.5, 0.6, 0.7)] * 5)
    assert metres.shipped == pytest.approx([metre_confidence(0.8)] * 5)


def test_the_table_says_how_clips_without_a_beat_are_separated(tmp_path: Path) -> None:
    clips = judged(100, beatless=3)
    found = calibrations(clips)
    assert "of 3 clips without a beat is 0.0" in by_confidence(found, clips)
    plots.reliability(found, ("mean F", "right metres"), tmp_path / "reliability.svg")
    assert (tmp_path / "reliability.svg").stat().st_size > 1000
