"""Samples and waveform of a file that is read in blocks."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from services.beats import audio
from services.beats.audio import duration, read, waveform
from services.beats.onsets import FFT, HZ
from shared.audio.downmix import to_mono
from shared.audio.peaks import SAMPLES_PER_PIXEL, peaks
from shared.errors import PermanentError
from tests.unit.beats.synth import Samples

SECONDS = 1.7
RANDOM = np.random.default_rng(1)


def write(path: Path, channels: Samples, hz: int) -> Path:
    soundfile.write(path, channels.T, hz, subtype="FLOAT")
    return path


def noise(channels: int, hz: int) -> Samples:
    return RANDOM.normal(0, 0.1, (channels, round(SECONDS * hz))).astype(np.float32)


@pytest.mark.parametrize("hz", [8000, HZ, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_give_the_samples_of_the_whole_file(
    channels: int, hz: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "BLOCK", 3 * SAMPLES_PER_PIXEL)
    song = noise(channels, hz)
    path = write(tmp_path / "song.wav", song, hz)
    assert duration(path) == pytest.approx(SECONDS)
    expected = to_mono(librosa.resample(song, orig_sr=hz, target_sr=HZ))
    assert read(path, SECONDS) == pytest.approx(expected[: round(SECONDS * HZ)], abs=1e-5)
    assert waveform(path) == peaks([song], hz)


@pytest.mark.parametrize("seconds", [0, 1, SECONDS, 3])
def test_a_file_is_cut_or_silence_is_appended(seconds: float, tmp_path: Path) -> None:
    path = write(tmp_path / "song.wav", noise(2, HZ), HZ)
    samples, whole = read(path, seconds), read(path, SECONDS)
    assert len(samples) == max(FFT, round(seconds * HZ))
    assert (samples[: len(whole)] == whole[: len(samples)]).all()
    assert not samples[len(whole) :].any()


def test_a_file_without_samples_is_silent(tmp_path: Path) -> None:
    path = write(tmp_path / "song.wav", np.zeros((2, 0), np.float32), HZ)
    assert not read(path, duration(path)).any()
    assert waveform(path) == peaks([], HZ)


def test_a_file_without_audio_is_a_permanent_error(tmp_path: Path) -> None:
    path = tmp_path / "song.flac"
    path.write_text("words")
    for function in (duration, waveform, lambda path: read(path, 1)):
        with pytest.raises(PermanentError):
            function(path)
