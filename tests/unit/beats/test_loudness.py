"""Loudness of the standard's test signals at several sample rates."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from services.beats.loudness import LEAD_SECONDS, PIECE_SECONDS, Loudness, loudness


def sine(hz: float, level_db: float, seconds: float, rate: int, phase: float = 0) -> NDArray[np.float64]:
    time = np.arange(round(seconds * rate)) / rate
    return np.asarray(10 ** (level_db / 20) * np.sin(2 * np.pi * hz * time + phase))


def measured(folder: Path, samples: NDArray[np.float64], rate: int) -> Loudness:
    path = folder / "song.wav"
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return loudness(path)


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
def test_a_full_scale_sine_on_one_channel_is_at_minus_3_lufs(tmp_path: Path, rate: int) -> None:
    left = sine(997, 0, 5, rate)
    assert measured(tmp_path, np.stack([left, 0 * left], axis=1), rate).lufs == pytest.approx(-3.01, abs=0.02)


def test_a_sine_at_minus_23_dbfs_on_both_channels_is_at_minus_23_lufs(tmp_path: Path) -> None:
    both = np.tile(sine(1000, -23, 20, 48_000)[:, None], 2)
    assert measured(tmp_path, both, 48_000).lufs == pytest.approx(-23, abs=0.1)


def test_much_quieter_parts_do_not_count(tmp_path: Path) -> None:
    """EBU Tech 3341, case 3: 10 s at -36, 60 s at -23, 10 s at -36."""
    parts = [sine(1000, -36, 10, 48_000), sine(1000, -23, 60, 48_000), sine(1000, -36, 10, 48_000)]
    both = np.tile(np.concatenate(parts)[:, None], 2)
    assert measured(tmp_path, both, 48_000).lufs == pytest.approx(-23, abs=0.1)


def test_reading_in_parts_gives_the_same_loudness(tmp_path: Path) -> None:
    pyloudnorm = pytest.importorskip("pyloudnorm")
    rate, random = 8_000, np.random.default_rng(7)
    seconds = 2 * PIECE_SECONDS + 2 * LEAD_SECONDS + 0.77
    noise = random.normal(0, 0.1, (round(seconds * rate), 2))
    noise *= np.interp(np.arange(len(noise)), [0, len(noise)], [0.01, 1])[:, None]
    whole = pyloudnorm.Meter(rate, "DeMan").integrated_loudness(noise.astype(np.float32))
    assert measured(tmp_path, noise, rate).lufs == pytest.approx(whole, abs=1e-3)


def test_the_peak_between_the_samples_is_found(tmp_path: Path) -> None:
    rate = 44_100
    between = sine(rate / 4, 0, 2, rate, phase=np.pi / 4)  # every sample is at 0.707
    assert np.abs(between).max() == pytest.approx(0.707, abs=1e-3)
    assert measured(tmp_path, between, rate).true_peak_dbfs == pytest.approx(0, abs=0.4)


@pytest.mark.parametrize("seconds", [0.1, 2.0])
def test_silence_has_no_loudness(tmp_path: Path, seconds: float) -> None:
    assert measured(tmp_path, np.zeros((round(seconds * 44_100), 2)), 44_100) == Loudness(None, None)


def test_audio_too_short_for_loudness_has_a_peak(tmp_path: Path) -> None:
    short = measured(tmp_path, sine(1000, -6, 0.3, 44_100), 44_100)
    assert short.lufs is None
    assert short.true_peak_dbfs == pytest.approx(-6, abs=0.2)
