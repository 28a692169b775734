"""Which beats begin bars, told by how the beats are stressed."""

import numpy as np
import pytest

from services.beats.bars import accents, fits, positions
from services.beats.harmony import harmony
from services.beats.onsets import FPS, Floats, onsets
from services.beats.patterns import PATTERNS, VIEWS, Pattern
from tests.unit.beats.grooves import METRES, Metre, groove

BEATS = 48
QUARTERS = [metre for metre in METRES if metre.signature != "6/8"]


def stressed(pattern: Pattern, first: int = 0, noise: float = 0.5) -> Floats:
    """As the pattern has it, `first` beats after a bar began."""
    number = np.arange(first, first + BEATS) % pattern.beats
    errors = np.random.default_rng(7).normal(0, noise, (len(VIEWS), BEATS))
    return np.asarray(2 * pattern.accents[:, number] + errors)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.beats))
@pytest.mark.parametrize("first", [0, 1])
def test_a_pattern_fits_itself_best(pattern: Pattern, first: int) -> None:
    found = fits(stressed(pattern, first))
    fit, start = found[pattern.beats]
    assert fit > 0
    assert fit == max(value for value, _ in found.values())
    assert start == -first % pattern.beats


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.beats))
def test_each_beat_has_its_position(pattern: Pattern) -> None:
    found = positions(stressed(pattern, 1), pattern.beats)
    assert (found == (np.arange(BEATS) + 1) % pattern.beats + 1).all()


@pytest.mark.parametrize("change", ["dropped", "added"])
def test_bars_are_found_again_after_a_beat_too_few_or_too_many(change: str) -> None:
    whole = stressed(PATTERNS[0])
    if change == "dropped":
        heard, after = np.delete(whole, 22, axis=1), 23
    else:
        heard, after = np.insert(whole, 22, 0, axis=1), 25
    found = positions(heard, 4)
    shift = {"dropped": 1, "added": -1}[change]
    assert (found[:20] == np.arange(20) % 4 + 1).all()
    assert (found[after:] == (np.arange(after, len(found)) + shift) % 4 + 1).all()


def test_one_beat_that_is_off_does_not_shift_the_bars() -> None:
    heard = stressed(PATTERNS[0])
    heard[:, 21] = heard[:, 20]
    assert (positions(heard, 4) == np.arange(BEATS) % 4 + 1).all()


def test_beats_that_are_all_alike_fit_no_pattern() -> None:
    assert all(fit < 0 for fit, _ in fits(np.zeros((len(VIEWS), BEATS))).values())


@pytest.mark.parametrize("metre", QUARTERS, ids=lambda metre: metre.signature)
def test_downbeats_stand_out_of_a_groove(metre: Metre) -> None:
    heard = groove(metre, 110)
    found = accents(onsets(heard.samples), harmony(heard.samples), np.rint(heard.beats * FPS).astype(np.int64))
    assert found.shape == (len(VIEWS), len(heard.beats))
    summed = found.sum(axis=0)
    inner = slice(metre.beats, -metre.beats)
    assert summed[inner][:: metre.beats].mean() > summed[inner].mean() + 1
