"""Bars from the accents of beats."""

import numpy as np
import pytest

from services.beats.bars import PATTERNS, VIEWS, Pattern, accents, bar_positions, fit_patterns
from services.beats.harmony import harmony
from services.beats.onsets import FPS, Floats, onsets
from tests.unit.beats.grooves import METRES, Metre, groove

BEATS = 48
QUARTERS = [metre for metre in METRES if metre.signature != "6/8"]


def accented(pattern: Pattern, first: int = 0, noise: float = 0.5) -> Floats:
    """Return the accents of the pattern with noise, starting with its beat number `first`."""
    number = np.arange(first, first + BEATS) % pattern.beats
    errors = np.random.default_rng(7).normal(0, noise, (len(VIEWS), BEATS))
    return np.asarray(2 * pattern.accents[:, number] + errors)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.beats))
@pytest.mark.parametrize("first", [0, 1])
def test_a_pattern_fits_itself_best(pattern: Pattern, first: int) -> None:
    found = fit_patterns(accented(pattern, first))
    fit, start = found[pattern.beats]
    assert fit > 0
    assert fit == max(value for value, _ in found.values())
    assert start == -first % pattern.beats


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.beats))
def test_each_beat_has_its_position(pattern: Pattern) -> None:
    found = bar_positions(accented(pattern, 1), pattern.beats)
    assert (found == (np.arange(BEATS) + 1) % pattern.beats + 1).all()


@pytest.mark.parametrize("change", ["dropped", "added"])
def test_bars_continue_after_a_missing_or_an_additional_beat(change: str) -> None:
    whole = accented(PATTERNS[0])
    if change == "dropped":
        heard, after = np.delete(whole, 22, axis=1), 23
    else:
        heard, after = np.insert(whole, 22, 0, axis=1), 25
    found = bar_positions(heard, 4)
    shift = {"dropped": 1, "added": -1}[change]
    assert (found[:20] == np.arange(20) % 4 + 1).all()
    assert (found[after:] == (np.arange(after, len(found)) + shift) % 4 + 1).all()


def test_one_wrong_accent_does_not_shift_the_bars() -> None:
    heard = accented(PATTERNS[0])
    heard[:, 21] = heard[:, 20]
    assert (bar_positions(heard, 4) == np.arange(BEATS) % 4 + 1).all()


def test_equal_beats_fit_no_pattern() -> None:
    assert all(fit < 0 for fit, _ in fit_patterns(np.zeros((len(VIEWS), BEATS))).values())


@pytest.mark.parametrize("metre", QUARTERS, ids=lambda metre: metre.signature)
def test_downbeats_of_a_groove_have_the_strongest_accents(metre: Metre) -> None:
    heard = groove(metre, 110)
    found = accents(onsets(heard.samples), harmony(heard.samples), np.rint(heard.beats * FPS).astype(np.int64))
    assert found.shape == (len(VIEWS), len(heard.beats))
    summed = found.sum(axis=0)
    inner = slice(metre.beats, -metre.beats)
    assert summed[inner][:: metre.beats].mean() > summed[inner].mean() + 1
