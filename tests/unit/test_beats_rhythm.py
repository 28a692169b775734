import json
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from services.beats.metre import metre

from services.beats.rhythm import analyse
from services.beats.settings import Settings
from shared.errors import PermanentError
from shared.events import Options, Rhythm

HZ = 44_100
SECONDS = 16


def rhythm_of(samples: NDArray[np.float64], folder: Path) -> tuple[Rhythm, NDArray[np.float64]]:
    """The result, and the beats in seconds."""
    soundfile.write(folder / "song.flac", samples, HZ)
    rhythm = analyse(folder / "song.flac", folder, Options(), Settings(), lambda _: None)
    beats = json.loads((folder / rhythm.beats).read_text())["beats"]
    return rhythm, np.array([beat["time"] for beat in beats])


def drums(tempo_bpm: float) -> NDArray[np.float64]:
    """Kick and snare in turn on the beats, a hi-hat on every eighth."""
    noise = np.random.default_rng(0)
    time = np.arange(HZ // 7) / HZ
    kick = np.sin(2 * np.pi * (50 + 80 * np.exp(-40 * time)) * time) * np.exp(-20 * time)
    snare = 0.5 * noise.normal(size=len(time)) * np.exp(-25 * time)
    hat = 0.15 * noise.normal(size=len(time)) * np.exp(-150 * time)
    bar = [kick, 0 * kick, snare, 0 * kick]
    song = np.zeros((SECONDS + 1) * HZ)
    for eighth in range(int(SECONDS * tempo_bpm / 30)):
        start = int(eighth * 30 / tempo_bpm * HZ)
        song[start : start + len(time)] += hat + bar[eighth % 4]
    return song / 3


@pytest.mark.parametrize("tempo_bpm", [60, 90, 120, 170])
def test_a_metronome_is_followed_to_the_hundredth_of_a_second(tempo_bpm: int, tmp_path: Path) -> None:
    clicks = np.arange(0.5, SECONDS - 0.5, 60 / tempo_bpm)
    rhythm, beats = rhythm_of(librosa.clicks(times=clicks, sr=HZ, length=SECONDS * HZ), tmp_path)
    assert rhythm.tempo_bpm == pytest.approx(tempo_bpm, rel=0.01)
    assert all(np.abs(clicks - beat).min() < 0.01 for beat in beats)
    assert len(clicks) - 2 <= rhythm.beat_count <= len(clicks)
    assert rhythm.rhythm_regularity == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("tempo_bpm", [110, 120, 128])
def test_a_plain_drum_beat_is_neither_halved_nor_doubled(tempo_bpm: int, tmp_path: Path) -> None:
    rhythm, _ = rhythm_of(drums(tempo_bpm), tmp_path)
    assert rhythm.tempo_bpm == pytest.approx(tempo_bpm, rel=0.02)


@pytest.mark.parametrize("name", ["silence", "noise", "half a second", "one hit", "next to nothing"])
def test_what_has_no_pulse_has_no_beats(name: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(size=10 * HZ) / 10
    hit = np.zeros(10 * HZ)
    hit[HZ : 2 * HZ] = noise[:HZ] * np.exp(-np.arange(HZ) / 500)
    sounds = {
        "silence": np.zeros(10 * HZ),
        "noise": noise,
        "half a second": noise[: HZ // 2],
        "one hit": hit,
        "next to nothing": np.zeros(10),
    }
    rhythm, beats = rhythm_of(sounds[name], tmp_path)
    assert (rhythm.tempo_bpm, rhythm.time_signature, len(beats), rhythm.beat_confidence) == (None, None, 0, 0)


def test_the_click_track_is_as_long_as_the_song_and_clicks_where_the_beats_are(tmp_path: Path) -> None:
    rhythm_of(drums(120)[: 12 * HZ + 321], tmp_path)
    clicks, rate = soundfile.read(tmp_path / "click.flac")
    assert (rate, clicks.shape) == (HZ, (12 * HZ + 321,))
    found = json.loads((tmp_path / "beats.json").read_text())
    for beat in found["beats"]:
        start = round(beat["time"] * HZ)
        assert not clicks[start - 1000 : start].any()
        assert clicks[start] == pytest.approx(0.8 if beat["time"] in found["downbeats"] else 0.4, abs=1e-4)


def test_a_song_without_a_pulse_has_a_silent_click_track(tmp_path: Path) -> None:
    rhythm_of(np.zeros(3 * HZ), tmp_path)
    clicks, _ = soundfile.read(tmp_path / "click.flac")
    assert (len(clicks), clicks.any()) == (3 * HZ, False)


def test_a_file_that_is_no_audio_is_a_permanent_error(tmp_path: Path) -> None:
    (tmp_path / "song.flac").write_text("words")
    with pytest.raises(PermanentError):
        analyse(tmp_path / "song.flac", tmp_path, Options(), Settings(), lambda _: None)


@pytest.mark.parametrize("beats_per_bar", [3, 4, 5])
def test_a_bar_begins_where_bass_and_harmony_do(beats_per_bar: int) -> None:
    number = np.arange(64)
    first = (number % beats_per_bar == 2).astype(float)
    noise = np.random.default_rng(0).uniform(0, 0.3, size=(3, 64))
    bars = metre(1 + 0.2 * first + noise[0], 0.5 + first + noise[1], 0.1 * first + noise[2] / 10)
    assert bars.beats_per_bar == beats_per_bar
    assert set(number[bars.positions == 1] % beats_per_bar) == {2}


def test_beats_that_are_all_alike_are_counted_in_four() -> None:
    assert metre(np.ones(40), np.ones(40), np.zeros(40)).beats_per_bar == 4
