"""Confidence and regularity of beats."""

from itertools import pairwise

import numpy as np
import pytest

from services.beats.confidence import agreement, confidence, regularity
from services.beats.onsets import FPS, Onsets, onsets
from services.beats.tracking import Frames
from tests.unit.beats.grooves import BURST, FOUR, clicks, groove
from tests.unit.beats.synth import noise

STEPS = np.linspace(0, 1, 11)


def frames(times: np.ndarray) -> Frames:
    return np.rint(times * FPS).astype(np.int64)


def uneven(spread: float) -> tuple[Onsets, Frames]:
    """Return onsets and frames of bursts about half a second apart."""
    times = 0.5 + np.arange(40) / 2 + np.random.default_rng(7).uniform(-spread, spread, 40)
    return onsets(clicks(times, BURST)), frames(times)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_confidence_rises_with_each_feature(which: int) -> None:
    values = [confidence(*(step if each == which else 0.7 for each in range(3))) for step in STEPS]
    assert all(less <= more for less, more in pairwise(values))
    assert values[-1] > values[0] + 0.1


def test_confidence_is_from_0_to_1() -> None:
    assert 0 <= confidence(0, 0, 0) < 0.1
    assert 0.9 < confidence(1, 1, 1) <= 1


def test_uneven_beats_are_less_regular() -> None:
    found = [regularity(*uneven(spread)) for spread in (0, 0.02, 0.05, 0.1)]
    assert found[0] > 0.95
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.5


@pytest.mark.parametrize("bar", ["xxx.", "xx.x", "x.x.", "xx.", "x.xx.", "xx..", "x.......", "xxxxxx.."])
def test_a_rest_in_every_bar_leaves_the_beats_regular(bar: str) -> None:
    times = 0.5 + np.arange(49) / 2
    sounds = np.array([bar[number % len(bar)] == "x" for number in range(len(times))])
    assert regularity(onsets(clicks(times[sounds], BURST)), frames(times)) > 0.95


def test_rests_do_not_make_uneven_beats_regular() -> None:
    times = 0.5 + np.arange(40) / 2 + np.random.default_rng(7).uniform(-0.1, 0.1, 40)
    sounds = np.arange(40) % 4 != 3
    assert regularity(onsets(clicks(times[sounds], BURST)), frames(times)) < 0.6


def test_beats_without_onsets_are_not_regular() -> None:
    silence = onsets(np.zeros(10 * 22_050, np.float32))
    assert regularity(silence, frames(np.arange(1, 9) / 2)) == 0


def test_views_agree_on_a_groove_but_not_on_noise() -> None:
    song = groove(FOUR, 110, 16)
    on_beats = agreement(onsets(song.samples), frames(song.beats))
    between = agreement(onsets(song.samples), frames(song.beats[:-1] + 0.14))
    in_noise = agreement(onsets(noise(16)), frames(song.beats[song.beats < 15]))
    assert 0.7 < on_beats <= 1
    assert max(between, in_noise) < 0.5
    assert min(between, in_noise) >= 0
