import numpy as np
import pytest

from shared.audio.downmix import REACH, Samples, mono_blocks, to_mono

HZ = 16_000


def noise(seed: int, seconds: float = 2) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * HZ)).astype(np.float32)


VOICE, BAND = noise(1), noise(2)
SILENCE = np.zeros_like(VOICE)
HALF = np.where(np.arange(len(VOICE)) < len(VOICE) / 2, 1, -1).astype(np.float32)


def quarter_turn(samples: Samples) -> Samples:
    spectrum = np.fft.rfft(samples)
    return np.asarray(np.fft.irfft(1j * spectrum, len(samples)), np.float32)


def low(samples: Samples) -> Samples:
    spectrum = np.fft.rfft(samples)
    spectrum[len(spectrum) // 4 :] = 0
    return np.asarray(np.fft.irfft(spectrum, len(samples)), np.float32)


def power_db(samples: Samples) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples, dtype=np.float64))))


SONGS = {
    "in phase": (VOICE, VOICE),
    "inverted": (VOICE, -VOICE),
    "almost inverted": (VOICE, -0.9 * VOICE),
    "inverted in the second half": (VOICE, VOICE * HALF),
    "inverted above 2 kHz": (VOICE, 2 * low(VOICE) - VOICE),
    "only the voice inverted": (BAND + VOICE, BAND - VOICE),
    "only the band inverted": (VOICE + BAND, VOICE - BAND),
    "voice left, band right": (VOICE, BAND),
    "right channel silent": (VOICE, SILENCE),
    "left channel silent": (SILENCE, VOICE),
    "20 ms late": (VOICE, np.roll(VOICE, 320)),
    "inverted and 1 ms late": (VOICE, -np.roll(VOICE, 16)),
}


@pytest.mark.parametrize("channels", SONGS.values(), ids=SONGS)
def test_the_power_of_both_channels_remains(channels: tuple[Samples, Samples]) -> None:
    stereo = np.stack(channels).astype(np.float32)
    mono = to_mono(stereo)
    assert mono.shape == VOICE.shape
    assert mono.dtype == np.float32
    assert power_db(mono) == pytest.approx(power_db(stereo), abs=0.5)


@pytest.mark.parametrize("name", [name for name in SONGS if "voice" in name])
def test_voice_and_band_are_both_in_the_mix(name: str) -> None:
    """A linear part of the mix is a voice that is shifted in phase: both parts of its spectrum count."""
    mono = to_mono(np.stack(SONGS[name]).astype(np.float32))
    for part in (VOICE, BAND):
        found = np.hypot(np.vdot(mono, part), np.vdot(mono, quarter_turn(part))) / np.vdot(part, part)
        assert found > 0.65


def test_channels_in_quadrature_do_not_cancel_out() -> None:
    for turned in (quarter_turn(VOICE), -quarter_turn(VOICE)):
        assert power_db(to_mono(np.stack([VOICE, turned]))) >= power_db(VOICE)


def test_a_mono_song_stays_as_it_is() -> None:
    assert (to_mono(np.stack([VOICE, VOICE])) == VOICE).all()
    assert (to_mono(VOICE[None]) == VOICE).all()


@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_very_short_song_has_its_length(length: int) -> None:
    assert to_mono(np.stack([VOICE, BAND])[:, :length]).shape == (length,)


def test_an_onset_stays_where_it_is() -> None:
    hit = np.zeros((2, HZ), np.float32)
    hit[:, HZ // 2 : HZ // 2 + 400] = noise(3)[:400] * np.array([[1], [-1]])
    mono = to_mono(hit)
    assert power_db(mono[HZ // 2 : HZ // 2 + 400]) > power_db(mono[HZ // 2 - 1000 : HZ // 2 - 16]) + 20


@pytest.mark.parametrize("size", [999, REACH, 3 * REACH])
@pytest.mark.parametrize("name", ["voice left, band right", "only the voice inverted", "in phase"])
def test_blocks_of_any_size_give_the_same_mix(name: str, size: int) -> None:
    song = np.stack(SONGS[name])
    blocks = [song[:, start : start + size] for start in range(0, song.shape[1], size)]
    mono = np.concatenate(list(mono_blocks(lambda: blocks)))
    assert mono == pytest.approx(to_mono(song), abs=1e-6)
