"""Beats and bars of whole generated songs, compared with the truth."""

import numpy as np
import pytest

from services.beats.beat_grid import EXCERPT_SECONDS, BeatGrid, beat_grid_from, find_beat_grid
from services.beats.harmony import harmony
from services.beats.onsets import FPS, Onsets, onsets
from services.beats.tracking import FASTEST_BPM, SLOWEST_BPM
from tests.unit.beats.grooves import BURST, CLICK, FOUR, HAT, KICK, METRES, Floats, Metre, clicks, f_measure, groove
from tests.unit.beats.synth import HZ, NOT_MUSIC, Samples, noise, note

SOUNDS = {"click": CLICK, "kick": KICK, "burst": BURST}
SLOW = Metre("4/4", 4, "x.......x.......", "....x.......x...", "xxxxxxxxxxxxxxxx")
NO_BEAT = {name: samples for name, samples in NOT_MUSIC.items() if name != "drums"} | {
    "a pad": 0.1 * (note(57, 20) + note(61, 20) + note(64, 20)),
    "free tempo": clicks(0.5 + np.cumsum(np.random.default_rng(1).uniform(0.25, 1.4, 24)), KICK),
    "half a second": noise(0.5),
}


def heard(samples: Samples) -> BeatGrid:
    found = find_beat_grid(onsets(samples), harmony(samples))
    assert found is not None
    return found


def errors(found: Floats, truth: Floats) -> Floats:
    """Return the delay of each beat in seconds."""
    return np.asarray(found - truth[np.abs(np.subtract.outer(found, truth)).argmin(axis=1)])


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
@pytest.mark.parametrize("tempo_bpm", [57, 92, 140])
def test_beats_are_neither_early_nor_late(sound: Samples, tempo_bpm: float) -> None:
    played = np.arange(0.5, 14, 60 / tempo_bpm)
    late = errors(heard(clicks(played, sound)).times, played)
    late = late[np.abs(late) < 0.05]
    assert len(late) >= len(played) - 1
    assert abs(late.mean()) < 0.005
    assert np.abs(late).mean() < 0.005


@pytest.mark.parametrize("tempo_bpm", [55, 75, 100, 140, 175, 190])
def test_a_metronome_with_sounds_between_its_beats_keeps_its_tempo(tempo_bpm: float) -> None:
    played = np.arange(0.5, 16, 60 / tempo_bpm)
    between = clicks(np.arange(0.5, 16, 30 / tempo_bpm), HAT)
    song = clicks(played, KICK)
    song[: len(between)] += between[: len(song)]
    assert heard(song).tempo_bpm == pytest.approx(tempo_bpm, rel=0.02)


@pytest.mark.parametrize("metre", METRES, ids=lambda metre: metre.signature)
def test_beats_and_bars_are_found_in_every_metre(metre: Metre) -> None:
    song = groove(metre, 120)
    found = heard(song.samples)
    assert found.tempo_bpm == pytest.approx(120, rel=0.01)
    assert f_measure(found.times, song.beats) > 0.95
    downbeats = [song.downbeats]
    if metre.signature == "2/4" and found.time_signature == "4/4":  # which is far more frequent
        downbeats = [song.downbeats[::2], song.downbeats[1::2]]
    else:
        assert found.time_signature == metre.signature
    assert max(f_measure(found.times[found.positions == 1], each) for each in downbeats) > 0.9


@pytest.mark.parametrize("tempo_bpm", [60, 80, 100, 150, 180, 200])
def test_four_four_is_found_at_every_tempo(tempo_bpm: float) -> None:
    song = groove(SLOW if tempo_bpm < 70 else FOUR, tempo_bpm)
    found = heard(song.samples)
    assert found.tempo_bpm == pytest.approx(tempo_bpm, rel=0.01)
    assert found.time_signature == "4/4"
    assert f_measure(found.times[found.positions == 1], song.downbeats) > 0.9


RESTS = {
    "kick snare snare rest, 120": (Metre("4/4", 4, "x...", ".xx.", "...."), 120),
    "kick rest hat snare, 98": (Metre("4/4", 4, "x...", "...x", "..x."), 98),
    "kick snare rest rest, 170": (Metre("4/4", 4, "x...", ".x..", "...."), 170),
    "kick snare rest, 75": (Metre("3/4", 3, "x..", ".x.", "..."), 75),
}


@pytest.mark.parametrize(("metre", "tempo_bpm"), RESTS.values(), ids=RESTS)
def test_a_rest_in_every_bar_is_a_beat(metre: Metre, tempo_bpm: float) -> None:
    song = groove(metre, tempo_bpm, chords=False)
    found = heard(song.samples)
    assert found.tempo_bpm == pytest.approx(tempo_bpm, rel=0.01)
    assert found.time_signature == metre.signature
    assert f_measure(found.times, song.beats) > 0.95
    assert found.regularity > 0.9


@pytest.mark.parametrize(("first", "last"), [(195, 250), (58, 46)])
def test_a_tempo_that_leaves_the_range_is_counted_at_another_level(first: float, last: float) -> None:
    played = [0.5]
    while played[-1] < 24:
        played.append(played[-1] + 60 / (first + (last - first) * played[-1] / 24))
    found = heard(clicks(np.array(played), KICK))
    assert SLOWEST_BPM <= found.tempo_bpm <= FASTEST_BPM


def test_a_stop_in_the_middle_does_not_change_the_tempo() -> None:
    song = groove(FOUR, 140, 30)
    cut = round((song.beats[24] - 0.02) * HZ)
    stopped = np.concatenate([song.samples[:cut], np.zeros(round(9.7 * HZ), np.float32), song.samples[cut:]])
    assert heard(stopped).tempo_bpm == pytest.approx(140, rel=0.01)


@pytest.mark.parametrize("drift", [-0.08, 0.08])
def test_a_tempo_that_drifts_is_followed(drift: float) -> None:
    """The tempo changes from below to above the mean by the same amount, or vice versa."""
    song = groove(FOUR, 112, 40, lambda beat: beat * 60 / 112 * (1 + drift * (beat / 74 - 1)))
    found = heard(song.samples)
    assert f_measure(found.times, song.beats) > 0.9
    assert found.time_signature == "4/4"


@pytest.mark.parametrize("samples", NO_BEAT.values(), ids=NO_BEAT)
def test_audio_without_a_beat_has_no_grid(samples: Samples) -> None:
    assert find_beat_grid(onsets(samples), harmony(samples)) is None


def test_beats_of_a_long_song_continue_to_its_end() -> None:
    song = groove(FOUR, 112, 2.2 * EXCERPT_SECONDS)
    found = heard(song.samples)
    assert f_measure(found.times, song.beats) > 0.97
    assert f_measure(found.times[found.positions == 1], song.downbeats) > 0.95
    assert abs(found.times[0] - song.beats[0]) < 0.05
    assert found.times[-1] == pytest.approx(song.beats[-1], abs=0.6)


def test_silence_around_a_song_has_no_beats() -> None:
    song = groove(FOUR, 112, 20)
    found = heard(np.concatenate([np.zeros(5 * HZ, np.float32), song.samples, np.zeros(5 * HZ, np.float32)]))
    assert found.times[0] > 5
    assert found.times[-1] < 5 + len(song.samples) / HZ


@pytest.mark.parametrize(("beats_per_bar", "pickup"), [(3, 1), (4, 2), (5, 0)])
def test_evidence_for_downbeats_decides_the_bars_of_equal_beats(beats_per_bar: int, pickup: int) -> None:
    played = np.arange(0.5, 24, 0.5)
    samples = clicks(played, KICK)
    heard = onsets(samples)
    evidence = np.full(len(heard.full), -1.0)
    for downbeat in np.rint(played[pickup::beats_per_bar] * FPS).astype(int):
        evidence[downbeat - 7 : downbeat + 8] = 3
    found = find_beat_grid(heard, harmony(samples), downbeat_evidence=evidence)
    assert found is not None
    assert found.time_signature == f"{beats_per_bar}/4"
    assert f_measure(found.times[found.positions == 1], played[pickup::beats_per_bar]) > 0.95


TIMES = np.arange(1.0, 21, 0.5)


@pytest.fixture(scope="module")
def bursts() -> Onsets:
    return onsets(clicks(TIMES, BURST))


@pytest.mark.parametrize("pickup", [0, 1, 3, 6])
def test_beats_of_another_tracker_get_positions_including_pickups(bursts: Onsets, pickup: int) -> None:
    found = beat_grid_from(TIMES, TIMES[pickup::4], bursts)
    assert found is not None
    assert (found.positions == (np.arange(len(TIMES)) - pickup) % 4 + 1).all()
    assert (found.time_signature, found.bar_confidence) == ("4/4", 1)
    assert found.tempo_bpm == pytest.approx(120)
    assert found.confidence > 0.8


def test_a_downbeat_that_another_tracker_missed_lowers_the_confidence(bursts: Onsets) -> None:
    found = beat_grid_from(TIMES, np.delete(TIMES[::3], 4), bursts)
    assert found is not None
    assert (found.positions == np.arange(len(TIMES)) % 3 + 1).all()
    assert found.bar_confidence == pytest.approx(11 / 12)


@pytest.mark.parametrize(("bpm", "counted"), [(240, 120), (500, 125), (40, 80), (213, 213)])
def test_the_tempo_of_another_tracker_is_brought_into_the_range(bursts: Onsets, bpm: float, counted: float) -> None:
    times = 1 + np.arange(24) * 60 / bpm
    found = beat_grid_from(times, times[1::4], bursts)
    assert found is not None
    assert found.tempo_bpm == pytest.approx(counted)
    assert times[1] in found.times
    assert len(found.positions) == len(found.times)


@pytest.mark.parametrize("downbeats", [[], [3.0], TIMES], ids=["none", "one", "all"])
def test_beats_of_another_tracker_without_bars_have_no_metre(bursts: Onsets, downbeats: list[float]) -> None:
    found = beat_grid_from(TIMES, np.array(downbeats), bursts)
    assert found is not None
    assert (found.time_signature, found.bar_confidence) == (None, 0)
    assert len(found.positions) == len(TIMES)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_beats_of_another_tracker_give_no_grid(bursts: Onsets, count: int) -> None:
    assert beat_grid_from(TIMES[:count], TIMES[: min(count, 1)], bursts) is None


def test_beats_of_another_tracker_may_be_after_the_last_frame() -> None:
    short = onsets(clicks(TIMES[:8], BURST))
    times = TIMES[:12]
    assert times[-1] * FPS > len(short.full)
    assert beat_grid_from(times, times[::4], short) is not None


def test_the_drums_decide_the_exact_times_of_the_beats() -> None:
    song = groove(FOUR, 120, 12)
    late = onsets(np.roll(song.samples, round(0.02 * HZ)))
    alone, refined = (find_beat_grid(onsets(song.samples), harmony(song.samples), drums) for drums in (None, late))
    assert alone is not None
    assert refined is not None
    assert len(refined.times) == len(alone.times)
    assert np.median(refined.times - alone.times) == pytest.approx(0.02, abs=0.006)
