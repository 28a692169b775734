"""Changes of harmony and bass."""

import numpy as np
import pytest

from services.beats import spectra
from services.beats.harmony import FFT, harmony
from tests.unit.beats.synth import HZ, NOT_MUSIC, Samples, played

TIMES = np.arange(1.0, 8)
"""Chords of two seconds change at the even times."""
REACH = np.full(len(TIMES), 0.9)


def test_harmony_changes_with_the_chord() -> None:
    changes = harmony(played(["C", "Am", "F", "G"])).change(TIMES, REACH)
    for change in changes:
        assert change[1::2].min() > 0.05
        assert change[1::2].min() > 5 * change[::2].max()
        assert ((change >= 0) & (change <= 1)).all()


def test_bass_may_change_alone() -> None:
    low, other = played(["C"], 2), played(["C"], 2)
    time = np.arange(len(low)) / HZ
    low += (0.5 * np.sin(2 * np.pi * 65.4 * time)).astype(np.float32)
    other += (0.5 * np.sin(2 * np.pi * 98.0 * time)).astype(np.float32)
    chord, bass = harmony(np.concatenate([low, other])).change(np.array([2.0]), np.array([1.0]))
    assert bass[0] > 0.1
    assert bass[0] > 3 * chord[0]


def test_an_excerpt_has_the_changes_of_the_song() -> None:
    song = harmony(played(["C", "Am", "F", "G"]))
    parts, wholes = song.excerpt(2, 8).change(TIMES[:5], REACH[:5]), song.change(TIMES[:5] + 2, REACH[:5])
    for part, whole in zip(parts, wholes, strict=True):
        assert part[1:] == pytest.approx(whole[1:], abs=0.03)


def test_computation_in_blocks_gives_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    song = played(["C", "Am", "F", "G"])
    whole = harmony(song)
    monkeypatch.setattr(spectra, "BLOCK", 15 * FFT)  # 30 frames
    assert harmony(song).chroma == pytest.approx(whole.chroma, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("samples", NOT_MUSIC.values(), ids=NOT_MUSIC)
def test_all_changes_are_finite(samples: Samples) -> None:
    for change in harmony(samples).change(TIMES, REACH):
        assert ((change >= 0) & (change <= 1)).all()
