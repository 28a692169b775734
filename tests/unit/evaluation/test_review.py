"""The fit of the share of wrong words."""

from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.answer import Answer
from tests.evaluation.calibration import error
from tests.evaluation.datasets import Item
from tests.evaluation.results import Result
from tests.evaluation.review import Judged, by_set, calibration, heard
from tests.evaluation.truth import Truth, Word

RANDOM = np.random.default_rng(2)
SONG = Truth("song", "tune", (), words=(Word("Code", 1.0, 1.5), Word("Monkey", 1.5, 2.0), Word("rock-star", 2.0, 3.0)))


def judged(count: int, name: str) -> list[Judged]:
    """Return words that are wrong as often as their confidence says."""
    sure = RANDOM.uniform(size=count)
    return [Judged(name, f"{name} 1", "heard", (1.0, each, 0.5, 1.0), RANDOM.uniform() > each) for each in sure]


def test_other_and_invented_words_are_wrong_and_missing_ones_do_not_count() -> None:
    words = (Word("code", 1.0, 1.5), Word("donkey", 1.5, 2.0), Word("Rock", 2.0, 2.4), Word("la", 2.5, 3.0))
    answer = Answer(words=words, lines=((0, 0.9), (0, 0.5), (1, 0.7), (1, 0.1)))
    found = [*heard(Result(Item("tune", Path("song.flac"), SONG), answer, 1.0))]
    assert [word.wrong for word in found] == [False, True, False, True]
    assert [word.evidence[1] for word in found] == [0.9, 0.5, 0.7, 0.1]
    assert [word.evidence[2] for word in found] == pytest.approx([0.7, 0.7, 0.4, 0.4])


def test_the_constants_are_fitted_to_one_half_and_calibrated_on_the_other() -> None:
    words = [*judged(2000, "tune"), *judged(1000, "report")]
    found = calibration(words, "heard", ("report",))
    assert len(found.true) == 1000
    assert error(found.left_out, found.true) < 0.08
    assert "heard, report | 1 | 1000" in by_set([*words, *given_words()])


def given_words() -> list[Judged]:
    return [Judged(name, "song", "given", (1.0, 0.0, 0.0, 1.0), wrong=True) for name in ("tune", "report")]
