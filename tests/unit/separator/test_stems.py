import numpy as np
import pytest
from numpy.typing import NDArray

from services.separator.stems import BLOCK, rhythm_section, stems

HZ = 44_100


@pytest.fixture
def noise() -> np.random.Generator:
    return np.random.default_rng(7)


def tone(hz: float, seconds: float) -> NDArray[np.float32]:
    """Return a stereo tone at a quarter of full scale."""
    samples = 0.25 * np.sin(2 * np.pi * hz * np.arange(int(seconds * HZ)) / HZ)
    return np.stack([samples, samples]).astype(np.float32)


def hits(seconds: float) -> NDArray[np.float32]:
    """Return two hits per second, each 20 ms of noise."""
    samples = np.zeros((2, int(seconds * HZ)), np.float32)
    for start in range(HZ // 4, samples.shape[1], HZ // 2):
        samples[:, start : start + HZ // 50] = np.random.default_rng(start).uniform(-0.4, 0.4, HZ // 50)
    return samples


def energy(samples: NDArray[np.float32]) -> float:
    return float((samples.astype(np.float64) ** 2).sum())


def test_further_sources_of_a_model_go_to_other(noise: np.random.Generator) -> None:
    names = ("vocals", "drums", "bass", "other", "guitar", "piano")
    sources = {name: noise.uniform(-0.1, 0.1, (2, 1000)).astype(np.float32) for name in names}
    mix = sum(sources.values(), np.zeros((2, 1000), np.float32))

    parts = stems(mix, sources, HZ)

    assert set(parts) == {"vocals", "drums", "bass", "other", "instrumental"}
    np.testing.assert_allclose(parts["other"], sources["other"] + sources["guitar"] + sources["piano"], atol=1e-6)
    np.testing.assert_array_equal(parts["vocals"], sources["vocals"])


def test_stems_of_a_loud_song_add_up_without_clipping(noise: np.random.Generator) -> None:
    mix = noise.uniform(-1, 1, (2, 10_000)).astype(np.float32)
    sources = {name: noise.uniform(-2, 2, mix.shape).astype(np.float32) for name in ("vocals", "drums", "bass")}

    parts = stems(mix, sources, HZ)

    assert max(abs(part).max() for part in parts.values()) <= 1 + 1e-6
    np.testing.assert_allclose(parts["vocals"] + parts["instrumental"], mix, atol=1e-6)
    np.testing.assert_allclose(sum(parts[name] for name in ("vocals", "drums", "bass", "other")), mix, atol=1e-6)


def test_an_accompaniment_is_split_into_hits_low_tones_and_the_rest() -> None:
    low, high, beats = tone(80, 4), tone(900, 4), hits(4)
    mix = low + high + beats

    parts = stems(mix, {"vocals": np.zeros_like(mix)}, HZ)

    assert energy(parts["drums"] - beats) < 0.2 * energy(beats)
    assert energy(parts["bass"] - low) < 0.1 * energy(low)
    assert energy(parts["other"] - high) < 0.1 * energy(high)


def test_blocks_give_the_same_result(monkeypatch: pytest.MonkeyPatch, noise: np.random.Generator) -> None:
    accompaniment = noise.uniform(-0.5, 0.5, (2, 3 * HZ)).astype(np.float32)
    assert accompaniment.shape[1] < BLOCK
    whole = rhythm_section(accompaniment, HZ)

    monkeypatch.setattr("services.separator.stems.BLOCK", 40 * 1024)

    for blocks, once in zip(rhythm_section(accompaniment, HZ), whole, strict=True):
        np.testing.assert_allclose(blocks, once, atol=1e-5)


def test_silence_has_silent_stems() -> None:
    silence = np.zeros((2, HZ), np.float32)

    for part in stems(silence, {"vocals": silence}, HZ).values():
        assert not part.any()
