"""The level of a song does not change when it is mixed to stereo."""

from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from services.gateway.media import decoder
from tests.unit.gateway.media.songs import HZ, write

LEFT, RIGHT, CENTRE, LOW, SURROUND_LEFT, SURROUND_RIGHT = range(6)
TONE = np.sin(2 * np.pi * 441 * np.arange(HZ // 2) / 44_100)
"""At full scale."""
Samples = NDArray[np.float64]


def surround(**levels: float) -> Samples:
    """Return [time, channel] with tones of the given levels in some of six channels."""
    sound = np.zeros((len(TONE), 6))
    for name, level in levels.items():
        sound[:, globals()[name.upper()]] = level * TONE
    return sound


def decode(folder: Path, sound: Samples, subtype: str = "PCM_16", hz: int = 44_100) -> tuple[dict[str, Any], Samples]:
    """Return the facts and the decoded samples of a WAV file."""
    soundfile.write(folder / "upload.wav", sound, hz, subtype=subtype)
    return read(folder, folder / "upload.wav")


def read(folder: Path, upload: Path) -> tuple[dict[str, Any], Samples]:
    with upload.open("rb") as read, (folder / "song.flac").open("wb") as written:
        facts = decoder.decode(read, written, 0, 60)
    samples, _ = soundfile.read(folder / "song.flac")
    return facts, samples


def peaks(samples: Samples) -> list[float]:
    return [float(peak) for peak in np.abs(samples).max(axis=0)]


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_U8", "FLOAT", "DOUBLE"])
def test_mono_goes_to_both_channels_at_its_level(tmp_path: Path, subtype: str) -> None:
    facts, song = decode(tmp_path, 0.9 * TONE, subtype)
    assert np.allclose(song, 0.9 * TONE[:, None], atol=0.01)
    assert (facts["channels"], facts["gain_db"]) == (1, 0)


def test_stereo_of_16_bits_stays_identical(tmp_path: Path) -> None:
    sound = np.random.default_rng(1).integers(-32768, 32767, (5000, 2), np.int16, endpoint=True)
    soundfile.write(tmp_path / "upload.wav", sound, 44_100, subtype="PCM_16")
    facts, _ = read(tmp_path, tmp_path / "upload.wav")
    assert (soundfile.read(tmp_path / "song.flac", dtype="int16")[0] == sound).all()
    assert facts == {"seconds": 5000 / 44_100, "filled_seconds": 0, "channels": 2, "gain_db": 0, "clipped": False}


@pytest.mark.parametrize(
    ("sound", "expected", "channels"),
    [
        (surround(centre=0.9), [0.9, 0.9], 1),
        (surround(centre=0.9, low=0.5), [0.9, 0.9], 1),
        (surround(left=0.9, right=0.5), [0.9, 0.5], 6),
        (surround(left=0.1, centre=0.5), [0.1 + 0.5 / 2**0.5, 0.5 / 2**0.5], 6),
        (surround(surround_left=0.5), [0.5 / 2**0.5, 0], 6),
        (surround(left=0.9, centre=0.9), [1, 2**-0.5 / (1 + 2**-0.5)], 6),
    ],
)
def test_surround_has_the_standard_level_unless_it_would_clip(
    tmp_path: Path, sound: Samples, expected: list[float], channels: int
) -> None:
    facts, song = decode(tmp_path, sound)
    assert peaks(song) == pytest.approx(expected, abs=0.01)
    assert facts["channels"] == channels


@pytest.mark.parametrize(("name", "codec"), [("song.ac3", "ac3"), ("song.m4a", "aac"), ("song.mkv", "flac")])
def test_speech_in_the_centre_has_its_level_in_any_format(tmp_path: Path, name: str, codec: str) -> None:
    sound = np.ascontiguousarray(surround(centre=0.5).T, np.float32)
    facts, song = read(tmp_path, write(tmp_path / name, codec, sound=sound, layout="5.1"))
    assert np.quantile(np.abs(song), 0.95, axis=0) == pytest.approx([0.5, 0.5], abs=0.02)
    assert facts["channels"] == 1


@pytest.mark.parametrize("count", [3, 4, 5, 7, 8])
def test_files_with_any_number_of_channels_are_mixed(tmp_path: Path, count: int) -> None:
    sound = np.zeros((len(TONE), count))
    sound[:, 0] = 0.5 * TONE
    assert peaks(decode(tmp_path, sound)[1]) == pytest.approx([0.5, 0], abs=0.01)


@pytest.mark.parametrize("excess_db", [0.05, 3, 6, 90])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_samples_above_full_scale_lower_the_whole_song(tmp_path: Path, excess_db: float, subtype: str) -> None:
    sound = np.column_stack([TONE, 0.25 * TONE]) * 10 ** (excess_db / 20)
    facts, song = decode(tmp_path, sound, subtype)
    assert facts["gain_db"] == pytest.approx(-excess_db, abs=0.011)
    assert np.allclose(song, np.column_stack([TONE, 0.25 * TONE]), atol=0.002)
    assert facts["clipped"]


@pytest.mark.parametrize(("level", "clipped"), [(1.1, False), (4, True)])
def test_lossy_sound_above_full_scale_is_not_clipped(tmp_path: Path, level: float, *, clipped: bool) -> None:
    upload = write(tmp_path / "song.mka", "aac", sound=np.tile(level * TONE, (2, 1)).astype(np.float32))
    facts, song = read(tmp_path, upload)
    assert facts["gain_db"] < -20 * np.log10(level) + 1
    assert 0.99 < max(peaks(song)) <= 1
    assert (np.abs(song) > 0.999).sum() < 100
    assert facts["clipped"] is clipped


def test_a_damaged_spot_does_not_lower_the_song(tmp_path: Path) -> None:
    sound = 0.2 * np.tile(np.tile(TONE, 10), (2, 1)).astype(np.float32)
    sound[:, 9000:9100] *= 30  # as an undetected error in a lossy file
    facts, song = read(tmp_path, write(tmp_path / "song.mka", "aac", sound=sound))
    assert facts["gain_db"] == 0
    assert np.quantile(np.abs(song), 0.95) == pytest.approx(0.2, abs=0.01)


def test_an_infinite_sample_is_corrupt(tmp_path: Path) -> None:
    sound = 0.5 * TONE
    sound[[5, 9]] = inf, nan
    with pytest.raises(OverflowError):
        decode(tmp_path, sound, "FLOAT")


@pytest.mark.parametrize(("level", "clipped"), [(0.9, False), (1, False), (2, True)])
@pytest.mark.parametrize("hz", [44_100, 48_000])
def test_flattened_peaks_are_noticed(tmp_path: Path, level: float, hz: int, *, clipped: bool) -> None:
    one_channel = np.column_stack([0.1 * TONE, np.clip(level * TONE, -1, 1)])
    assert decode(tmp_path, one_channel, hz=hz)[0]["clipped"] is clipped
