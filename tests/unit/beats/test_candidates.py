"""Tempo candidates."""

import numpy as np
import pytest

from services.beats.candidates import tempo_candidates
from services.beats.onsets import FPS, Floats
from services.beats.tracking import FASTEST_BPM, SLOWEST_BPM


def pulses(tempo_bpm: float, seconds: float = 20) -> Floats:
    """Return pulses three frames wide, like onsets."""
    strength = np.zeros(int(seconds * FPS))
    frames = np.arange(20, len(strength) - 2, 60 * FPS / tempo_bpm).astype(int)
    strength[frames] = 5
    strength[frames - 1] = strength[frames + 1] = 2
    return strength


@pytest.mark.parametrize("tempo_bpm", [55, 60, 84, 116, 145, 200, 210])
def test_the_candidates_include_the_tempo_its_half_and_its_double(tempo_bpm: float) -> None:
    found = np.array(tempo_candidates(pulses(tempo_bpm)))
    for ratio in (0.5, 1, 2):
        if SLOWEST_BPM <= ratio * tempo_bpm <= FASTEST_BPM:
            assert np.abs(found / (ratio * tempo_bpm) - 1).min() < 0.03


def test_the_candidates_are_few_and_distinct() -> None:
    noise = np.random.default_rng(7).uniform(0, 1, 2000)
    found = np.sort(tempo_candidates(noise, pulses(120)))
    assert 5 < len(found) < 30
    assert (np.diff(np.log(found)) > 0.04).all()
    assert ((found >= SLOWEST_BPM) & (found <= FASTEST_BPM)).all()


@pytest.mark.parametrize("length", [1, 2, 5, 2000])
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_constant_strength_has_no_candidates(length: int, strength: float) -> None:
    assert tempo_candidates(np.full(length, strength)) == []
