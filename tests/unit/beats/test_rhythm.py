"""Output of the engine for a song: the result, `beats.json`, the click track and the peaks."""

import json
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from services.beats.onsets import Floats
from services.beats.rhythm import analyse, warm
from services.beats.settings import Settings
from shared.errors import PermanentError
from shared.events import Options, Rhythm
from shared.worker.inputs import Inputs
from tests.song import score
from tests.unit.beats.grooves import BURST, FOUR, clicks, f_measure, groove
from tests.unit.beats.synth import HZ, Samples, speech

SONG = Path(score.__file__).parent
CLICK_HZ = 44_100
CONTAINERS = {"wav": "WAV", "flac": "FLAC", "mp3": "MP3", "opus": "OGG"}


def rhythm_of(song: Path, out: Path, drums: Path | None = None) -> tuple[Rhythm, dict[str, Any]]:
    """Return the result and the content of `beats.json`."""
    rhythm = analyse(Inputs(song, drums=drums), out, Options(), Settings(), lambda _: None)
    return rhythm, json.loads((out / rhythm.beats).read_text())


def write(path: Path, samples: NDArray[np.floating], rate: int = HZ) -> Path:
    container = CONTAINERS[path.suffix[1:]]
    soundfile.write(path, samples, rate, format=container, subtype="OPUS" if path.suffix == ".opus" else None)
    return path


def times(found: dict[str, Any]) -> Floats:
    return np.array([beat["time"] for beat in found["beats"]])


def test_the_beats_bars_and_key_of_the_sample_song_are_found(tmp_path: Path) -> None:
    truth = json.loads((SONG / "truth.json").read_text())
    rhythm, found = rhythm_of(SONG / truth["file"], tmp_path)
    assert rhythm.tempo_bpm == pytest.approx(truth["tempo_bpm"], rel=0.01)
    assert rhythm.time_signature == truth["time_signature"]
    assert rhythm.key == found["key"] == "D major"  # its chords are D, A, Bm and G
    assert f_measure(times(found), np.array(truth["beats"])) > 0.9
    assert f_measure(np.array(found["downbeats"]), np.array(truth["downbeats"])) > 0.9


def test_beats_json_contains_all_results(tmp_path: Path) -> None:
    song = groove(FOUR, 112, 16)
    rhythm, found = rhythm_of(write(tmp_path / "song.flac", song.samples), tmp_path)
    assert found["tempo_bpm"] == rhythm.tempo_bpm == pytest.approx(112, rel=0.01)
    assert (found["time_signature"], found["pulse"]) == ("4/4", "quarter")
    assert found["beat_count"] == rhythm.beat_count == len(found["beats"])
    assert found["downbeats"] == [beat["time"] for beat in found["beats"] if beat["position"] == 1]
    assert {beat["position"] for beat in found["beats"]} == {1, 2, 3, 4}
    assert found["bars"] == [{"start": time, "time_signature": "4/4"} for time in found["downbeats"]]
    for name in ("beat_confidence", "metre_confidence", "bar_confidence", "rhythm_regularity", "key_confidence"):
        assert 0.5 < found[name] <= 1
    alternatives = sorted(each["tempo_bpm"] for each in found["tempo_alternatives"])
    assert alternatives == pytest.approx([0.5 * found["tempo_bpm"], 2 * found["tempo_bpm"]], abs=0.6)
    assert sum(each["share"] for each in found["tempo_alternatives"]) < 0.5
    assert [chord["label"] for chord in found["chords"]][:4] == ["C", "G", "A", "F"]
    assert [chord["start"] for chord in found["chords"]] == found["downbeats"][:-1]
    assert -40 < found["loudness_lufs"] < found["true_peak_dbfs"] <= 3
    assert json.loads((tmp_path / "song.peaks.json").read_text())["length"] == -(-len(song.samples) // 1024)


def test_an_inverted_channel_hides_neither_beats_nor_waveform(tmp_path: Path) -> None:
    song = groove(FOUR, 112, 16).samples
    rhythm, _ = rhythm_of(write(tmp_path / "song.flac", np.stack([song, -song], axis=1)), tmp_path)
    assert rhythm.tempo_bpm == pytest.approx(112, rel=0.01)
    assert rhythm.time_signature == "4/4"
    assert np.ptp(json.loads((tmp_path / "song.peaks.json").read_text())["data"]) > 100


def test_equal_beats_have_bars_of_low_confidence(tmp_path: Path) -> None:
    played = np.arange(0.5, 14, 0.6)
    rhythm, found = rhythm_of(write(tmp_path / "song.flac", clicks(played, BURST)), tmp_path)
    assert rhythm.tempo_bpm == pytest.approx(100, rel=0.01)
    assert rhythm.time_signature == found["time_signature"]
    assert {beat["position"] for beat in found["beats"]} == set(range(1, int(found["time_signature"][0]) + 1))
    assert found["bar_confidence"] < 0.7


@pytest.mark.parametrize("samples", [np.zeros(3 * HZ), np.zeros(10), np.zeros(1), speech(8)], ids=len)
def test_a_song_without_a_beat_has_no_tempo_and_a_silent_click_track(samples: Samples, tmp_path: Path) -> None:
    rhythm, found = rhythm_of(write(tmp_path / "song.wav", samples), tmp_path)
    assert (rhythm.tempo_bpm, rhythm.beat_count, rhythm.time_signature) == (None, 0, None)
    assert (rhythm.beat_confidence, rhythm.rhythm_regularity) == (0, None)
    assert found["beats"] == found["downbeats"] == found["chords"] == []
    assert (found["pulse"], found["metre_confidence"], found["bar_confidence"]) == (None, None, None)
    assert found["tempo_alternatives"] == []
    track, _ = soundfile.read(tmp_path / "click.flac")
    assert (len(track), track.any()) == (2 * len(samples), False)


def test_the_click_track_has_the_length_of_the_song_and_clicks_at_the_beats(tmp_path: Path) -> None:
    song = groove(FOUR, 112, 12).samples[: 10 * HZ + 321]
    _, found = rhythm_of(write(tmp_path / "song.flac", song), tmp_path)
    track, rate = soundfile.read(tmp_path / "click.flac")
    assert (rate, track.shape) == (CLICK_HZ, (2 * len(song),))
    assert 0 < len(found["downbeats"]) < len(found["beats"])
    for beat in found["beats"]:
        start = round(beat["time"] * CLICK_HZ)
        assert not track[start - 1000 : start].any()
        assert track[start] == pytest.approx(0.8 if beat["time"] in found["downbeats"] else 0.4, abs=1e-4)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("cut", [0, 3000], ids=["as long", "shorter"])
def test_a_drum_stem_refines_the_beats(container: str, cut: int, tmp_path: Path) -> None:
    song = groove(FOUR, 112, 10)
    drums = librosa.resample(song.samples[: len(song.samples) - cut], orig_sr=HZ, target_sr=48_000)
    stem = write(tmp_path / f"drums.{container}", drums, 48_000)
    sung = song.samples + 0.1 * speech(len(song.samples) / HZ)
    rhythm, found = rhythm_of(write(tmp_path / "song.flac", sung), tmp_path, stem)
    assert rhythm.refined is found["refined"] is True
    beats = times(found)
    assert f_measure(beats[beats < song.beats[-1] + 0.1], song.beats) > 0.9  # the voice continues after them


def test_without_a_drum_stem_the_result_is_not_refined(tmp_path: Path) -> None:
    song = write(tmp_path / "song.flac", groove(FOUR, 112, 10).samples)
    rhythm, found = rhythm_of(song, tmp_path)
    assert rhythm.refined is found["refined"] is False


def test_stereo_is_mixed_to_mono(tmp_path: Path) -> None:
    song = groove(FOUR, 112, 10)
    panned = np.stack([song.samples, 0 * song.samples], axis=1)
    _, found = rhythm_of(write(tmp_path / "song.wav", panned), tmp_path)
    assert f_measure(times(found), song.beats) > 0.9


def test_a_file_without_audio_is_a_permanent_error(tmp_path: Path) -> None:
    (tmp_path / "song.flac").write_text("words")
    with pytest.raises(PermanentError):
        rhythm_of(tmp_path / "song.flac", tmp_path)


def test_a_worker_can_warm_up() -> None:
    warm(Settings())
