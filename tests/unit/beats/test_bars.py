"""Bars from the accents of beats."""

import numpy as np
import pytest

from services.beats.bars import COMPOUND, METRES, beats_of, count_bars, fits, patterns
from services.beats.beat_features import ACCENTS, accents
from services.beats.harmony import harmony
from services.beats.onsets import FPS, Floats, onsets
from tests.unit.beats.grooves import METRES as GROOVES
from tests.unit.beats.grooves import Metre, groove

BEATS = 48
ALL = [(metre, number) for metre in METRES for number in range(len(patterns()[metre]))]


def accented(pattern: Floats, first: int = 0, noise: float = 0.5) -> Floats:
    """Return the accents of the pattern with noise, starting with its beat number `first`."""
    number = np.arange(first, first + BEATS) % len(pattern)
    errors = np.random.default_rng(7).normal(0, noise, (len(ACCENTS), BEATS))
    return np.asarray(2 * pattern[number].T + errors)


def test_every_metre_has_patterns_of_its_length() -> None:
    assert set(patterns()) == set(METRES)
    for metre, bars in patterns().items():
        assert bars.shape[1:] == (beats_of(metre), len(ACCENTS))
        assert np.abs(bars.mean(axis=1)).max() < 0.01


@pytest.mark.parametrize(("metre", "number"), ALL)
@pytest.mark.parametrize("first", [0, 1])
def test_a_pattern_fits_where_it_begins(metre: int, number: int, first: int) -> None:
    bars = patterns()[metre]
    found = fits(accented(bars[number], first), bars[[number]])
    assert found.argmax() == -first % beats_of(metre)
    assert found.max() > 0


def test_equal_beats_fit_no_pattern() -> None:
    assert all((fits(np.zeros((len(ACCENTS), BEATS)), bars) <= 0).all() for bars in patterns().values())


@pytest.mark.parametrize(("metre", "number"), ALL)
def test_each_beat_has_its_position(metre: int, number: int) -> None:
    bars = patterns()[metre][[number]]
    found = count_bars(accented(bars[0], 1), {metre: bars}, metre).positions
    assert (found == (np.arange(BEATS) + 1) % beats_of(metre) + 1).all()


def test_a_short_bar_is_found_and_the_next_bars_begin_after_it() -> None:
    bars = patterns()[4][[0]]
    whole = accented(bars[0], noise=0.1)
    cut = np.delete(whole, [22, 23], axis=1)
    expected = np.delete(np.arange(BEATS) % 4 + 1, [22, 23])
    assert np.mean(count_bars(cut, {4: bars}, 4).positions == expected) > 0.9


def test_known_downbeats_decide_between_equal_beats() -> None:
    bars = patterns()[3]
    anchors = np.zeros(BEATS, np.int64)
    anchors[10:30] = (np.arange(10, 30) - 1) % 3 + 1
    found = count_bars(np.zeros((len(ACCENTS), BEATS)), {3: bars}, 3, anchors).positions
    assert (found == (np.arange(BEATS) - 1) % 3 + 1).all()


def test_evidence_for_downbeats_starts_a_bar_early_but_one_wrong_downbeat_does_not() -> None:
    starts = [0, 4, 8, 12, 14, 18, 22, 26, 30, 34, 38, 42, 46]
    evidence = np.full(BEATS, -1.0)
    evidence[starts] = 3
    evidence[[24, 26]] = evidence[[26, 24]]
    found = count_bars(np.zeros((len(ACCENTS), BEATS)), {4: patterns()[4]}, 4, downbeat_evidence=evidence).positions
    assert np.flatnonzero(found == 1).tolist() == starts


@pytest.mark.parametrize(
    "metre", [each for each in GROOVES if each.signature != "6/8"], ids=lambda each: each.signature
)
def test_the_true_beats_of_a_groove_get_their_positions(metre: Metre) -> None:
    song = groove(metre, 120, 30)
    frames = np.rint(song.beats * FPS).astype(np.int64)
    heard = accents(onsets(song.samples), harmony(song.samples), frames)
    found = count_bars(heard, {metre.beats: patterns()[metre.beats]}, metre.beats).positions
    assert np.mean(np.isin(song.beats[found == 1], song.downbeats)) > 0.9


def test_a_compound_bar_has_two_beats() -> None:
    assert beats_of(COMPOUND) == 2
