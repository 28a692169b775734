"""Beats and bars of whole generated songs, compared with the truth."""

import numpy as np
import pytest

from services.beats.beat_grid import EXCERPT_SECONDS, BeatGrid, find_beat_grid
from services.beats.harmony import harmony
from services.beats.neural import NEURAL_FPS, downbeat_evidence
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
    if metre.signature == "2/4" and found.metre.time_signature == "4/4":  # which is far more frequent
        downbeats = [song.downbeats[::2], song.downbeats[1::2]]
    else:
        assert found.metre.time_signature == metre.signature
    assert max(f_measure(found.times[found.positions == 1], each) for each in downbeats) > 0.9


@pytest.mark.parametrize("tempo_bpm", [60, 80, 100, 150, 180, 200])
def test_four_four_is_found_at_every_tempo(tempo_bpm: float) -> None:
    song = groove(SLOW if tempo_bpm < 70 else FOUR, tempo_bpm)
    found = heard(song.samples)
    assert found.tempo_bpm == pytest.approx(tempo_bpm, rel=0.01)
    assert found.metre.time_signature == "4/4"
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
    assert found.metre.time_signature == metre.signature
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
    assert found.metre.time_signature == "4/4"


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
    assert found.metre.time_signature == f"{beats_per_bar}/4"
    assert f_measure(found.times[found.positions == 1], played[pickup::beats_per_bar]) > 0.95


def by_network(
    samples: Samples, beats: Floats, downbeats: Floats, logit: float = 9, *, drums: Onsets | None = None
) -> BeatGrid | None:
    """Return the grid of a network that finds these beats and downbeats, with logits that are this far from 0."""
    heard = onsets(samples)
    size = len(heard.full)
    logits = np.full(size // 2 + 1, -logit, np.float32)
    logits[np.rint(downbeats * NEURAL_FPS).astype(int)] = logit
    frames = np.rint(np.rint(beats * NEURAL_FPS) / NEURAL_FPS * FPS).astype(np.int64)
    evidence = downbeat_evidence(logits, frames, size)
    return find_beat_grid(heard, harmony(samples), drums, beats=frames, downbeat_evidence=evidence)


def network_heard(samples: Samples, beats: Floats, downbeats: Floats, logit: float = 9) -> BeatGrid:
    found = by_network(samples, beats, downbeats, logit)
    assert found is not None
    return found


TIMES = np.arange(1.0, 25, 0.5)
EQUAL = clicks(TIMES, KICK)


@pytest.mark.parametrize("pickup", [0, 1])
@pytest.mark.parametrize("beats_per_bar", [2, 3, 4, 5, 7])
def test_a_network_decides_metre_and_pickup_of_equal_beats(beats_per_bar: int, pickup: int) -> None:
    found = network_heard(EQUAL, TIMES, TIMES[pickup::beats_per_bar])
    assert found.metre.time_signature in ({"2/4", "6/8"} if beats_per_bar == 2 else {f"{beats_per_bar}/4"})
    assert (found.positions == (np.arange(len(TIMES)) - pickup) % beats_per_bar + 1).all()
    assert found.confidence > 0.8
    assert min(found.bar_confidence, found.metre_confidence) > (0.4 if beats_per_bar == 2 else 0.8)
    assert found.tempo_bpm == pytest.approx(120, rel=0.01)


@pytest.mark.parametrize("bpm", [180, 240])
def test_seven_fast_beats_of_a_network_are_eighths(bpm: float) -> None:
    times = 0.5 + np.arange(12 * 7) * 60 / bpm
    found = network_heard(clicks(times, KICK), times, times[::7])
    assert (found.metre.time_signature, found.pulse) == ("7/8", "eighth")
    assert f_measure(found.times[found.positions == 1], times[::7]) > 0.95


@pytest.mark.parametrize("counts", [1, 3])
def test_six_eight_of_a_network_that_counts_dotted_quarters_or_eighths(counts: int) -> None:
    metre = next(each for each in METRES if each.signature == "6/8")
    song = groove(metre, 70, 30)
    counted = np.interp(np.arange(len(song.beats) * counts) / counts, np.arange(len(song.beats)), song.beats)
    found = network_heard(song.samples, np.unique(counted), song.downbeats)
    assert (found.metre.time_signature, found.pulse) == ("6/8", "dotted quarter")
    assert found.tempo_bpm == pytest.approx(70, rel=0.01)
    assert f_measure(found.times[found.positions == 1], song.downbeats) > 0.95


@pytest.mark.parametrize("metre", [METRES[1], FOUR, METRES[3]], ids=lambda metre: metre.signature)
def test_a_clear_network_is_stronger_than_the_patterns_of_metres(metre: Metre) -> None:
    song = groove(metre, 120, 30)
    other = 4 if metre.beats != 4 else 3
    found = network_heard(song.samples, song.beats, song.beats[1::other])
    assert found.metre.time_signature == f"{other}/4"
    assert f_measure(found.times[found.positions == 1], song.beats[1::other]) > 0.95


@pytest.mark.parametrize("metre", METRES[1:], ids=lambda metre: metre.signature)
def test_the_patterns_of_metres_decide_if_the_network_finds_no_downbeats(metre: Metre) -> None:
    song = groove(metre, 120, 30)
    found = network_heard(song.samples, song.beats, np.array([]))
    assert found.metre.time_signature == metre.signature
    assert f_measure(found.times[found.positions == 1], song.downbeats) > 0.95


def test_an_uncertain_network_does_not_decide_against_a_clear_pattern() -> None:
    song = groove(FOUR, 120, 30)
    found = network_heard(song.samples, song.beats, song.beats[1::3], 0.2)
    assert found.metre.time_signature == "4/4"
    assert f_measure(found.times[found.positions == 1], song.downbeats) > 0.95


def test_wrong_downbeats_in_a_few_bars_change_no_bar() -> None:
    song = groove(FOUR, 120, 40)
    downbeats = song.downbeats.copy()
    downbeats[[4, 5]] = song.beats[4 * np.array([4, 5]) + 2]
    downbeats = np.delete(downbeats, [9, 10])
    found = network_heard(song.samples, song.beats, downbeats)
    assert (found.positions == np.arange(len(song.beats)) % 4 + 1).all()


def test_a_short_bar_that_the_network_finds_is_one() -> None:
    starts = np.array([0, 4, 8, 12, 16, 18, 22, 26, 30, 34, 38, 42, 46])
    found = network_heard(EQUAL, TIMES, TIMES[starts])
    assert found.metre.time_signature == "4/4"
    assert np.flatnonzero(found.positions == 1).tolist() == starts.tolist()


@pytest.mark.parametrize(("bpm", "counted"), [(240, 120), (500, 125), (40, 80), (213, 213)])
def test_the_tempo_of_a_network_is_brought_into_the_range(bpm: float, counted: float) -> None:
    times = np.arange(1, 25, 60 / bpm)
    found = network_heard(clicks(times, KICK), times, times[1::4])
    assert found.tempo_bpm == pytest.approx(counted, rel=0.02)
    assert np.abs(found.times - times[1]).min() < 0.02


@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_too_few_beats_of_a_network_give_no_grid(count: int) -> None:
    assert by_network(EQUAL, TIMES[:count], TIMES[: min(count, 1)]) is None


def test_beats_of_a_network_are_moved_to_the_onsets_of_the_drums() -> None:
    played = np.arange(0.507, 18.8, 0.613)
    late = onsets(clicks(played + 0.01, KICK))
    alone, refined = (by_network(clicks(played, KICK), played, played[::4], drums=drums) for drums in (None, late))
    assert alone is not None
    assert refined is not None
    assert np.abs(alone.times - played).max() < 0.011
    assert np.mean(refined.times - played) == pytest.approx(0.01, abs=0.004)


def test_the_drums_decide_the_exact_times_of_the_beats() -> None:
    song = groove(FOUR, 120, 12)
    late = onsets(np.roll(song.samples, round(0.02 * HZ)))
    alone, refined = (find_beat_grid(onsets(song.samples), harmony(song.samples), drums) for drums in (None, late))
    assert alone is not None
    assert refined is not None
    assert len(refined.times) == len(alone.times)
    assert np.median(refined.times - alone.times) == pytest.approx(0.02, abs=0.006)


@pytest.mark.parametrize(("first", "second"), [(4, 3), (3, 4), (4, 5)])
def test_a_change_of_metre_within_the_song_is_followed(first: int, second: int) -> None:
    """Both parts are longer than the part of the song that decides its metre."""
    parts = [
        groove(each, 120, 50)
        for count in (first, second)
        for each in METRES
        if each.beats == count and "/4" in each.signature
    ]
    gap = round((parts[0].beats[-1] + 0.5 - parts[1].beats[0]) * HZ)
    song = np.zeros(gap + len(parts[1].samples), np.float32)
    song[: len(parts[0].samples)] += parts[0].samples[: len(song)]
    song[gap:] += parts[1].samples
    found = heard(song)
    early = found.times < parts[0].beats[-1] - 4
    late = found.times > parts[0].beats[-1] + 4
    assert (found.beats_per_bar[early] == first).all()
    assert (found.beats_per_bar[late] == second).all()
    downbeats = np.concatenate([parts[0].downbeats, parts[1].downbeats + gap / HZ])
    assert f_measure(found.times[found.positions == 1], downbeats) > 0.95


@pytest.mark.parametrize("seconds", [30, 150])
def test_a_song_in_one_metre_does_not_change_it(seconds: int) -> None:
    found = heard(groove(FOUR, 112, seconds).samples)
    assert set(found.beats_per_bar) == {4}
