"""Onset strengths in each view of a song."""

from dataclasses import asdict

import numpy as np
import pytest

from services.beats import spectra
from services.beats.onsets import FFT, FPS, HZ, onsets
from tests.unit.beats.grooves import BURST, FOUR, HAT, KICK, SNARE, clicks, groove
from tests.unit.beats.synth import NOT_MUSIC, Samples

TIMES = np.array([1.0, 2.5, 4.0])
FRAMES = np.rint(TIMES * FPS).astype(int)


@pytest.mark.parametrize("view", ["full", "percussive", "low", "superflux", "energy"])
def test_every_view_detects_a_burst_within_20_ms(view: str) -> None:
    strength = onsets(clicks(TIMES, BURST)).views[view]
    heard = [int(np.argmax(strength * (np.abs(np.arange(len(strength)) - frame) < FPS / 2))) for frame in FRAMES]
    assert np.abs(heard - FRAMES).max() <= 2


@pytest.mark.parametrize(("sound", "loudest"), [(KICK, "low"), (HAT, "high")], ids=["kick", "hat"])
def test_each_drum_is_strongest_in_its_band(sound: Samples, loudest: str) -> None:
    snares = np.roll(clicks(TIMES, SNARE), HZ // 2)
    found = onsets(clicks(TIMES, sound) + snares)
    bands = {band: getattr(found, band)[FRAMES[1] - 2 : FRAMES[1] + 3].max() for band in ("low", "middle", "high")}
    assert max(bands, key=lambda band: bands[band]) == loudest


def test_a_quiet_verse_counts_as_much_as_a_loud_chorus() -> None:
    song = groove(FOUR, 120, 24).samples
    song[: len(song) // 2] *= 0.1
    flux = onsets(song).superflux
    quiet, loud = np.array_split(flux[int(FPS) : -int(3 * FPS)], 2)
    assert np.quantile(quiet, 0.98) == pytest.approx(np.quantile(loud, 0.98), rel=0.25)


def test_computation_in_blocks_gives_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    song = groove(FOUR, 120, 6).samples
    whole = onsets(song)
    monkeypatch.setattr(spectra, "BLOCK", 50 * FFT)  # 100 frames
    pieces = onsets(song)
    for name, view in asdict(whole).items():
        assert getattr(pieces, name) == pytest.approx(view, abs=1e-4)


def test_an_excerpt_has_the_frames_of_the_song() -> None:
    found = onsets(groove(FOUR, 120, 6).samples)
    part = found.excerpt(1, 3)
    assert (part.low == found.low[round(FPS) : round(3 * FPS)]).all()
    assert len(part.loudness) == len(part.full) == round(3 * FPS) - round(FPS)


@pytest.mark.parametrize("samples", [*NOT_MUSIC.values(), np.zeros(FFT, np.float32)], ids=[*NOT_MUSIC, "a window"])
def test_all_strengths_are_finite(samples: Samples) -> None:
    found = onsets(samples)
    for view in (*found.views.values(), found.middle, found.high, found.loudness):
        assert len(view) == len(found.full)
        assert np.isfinite(view).all()
    assert found.loudness.max() == 0
