"""The ways to count a song, what speaks for each, and which is the likeliest."""

import numpy as np
import pytest

from services.beats.beat_features import Struck
from services.beats.harmony import harmony
from services.beats.meter_hypotheses import COMPOUND, METRES, Choice, Reading, chosen, likeliest, readings, weights
from services.beats.onsets import FPS, onsets
from tests.unit.beats import grooves
from tests.unit.beats.grooves import BURST, CLICK, FOUR, KICK, Groove, clicks, groove
from tests.unit.beats.synth import NOT_MUSIC, Samples


def likeliest_of(samples: Samples) -> Choice | None:
    return likeliest(onsets(samples), harmony(samples))


def struck(song: Groove, part: float = 0.0) -> Struck:
    """By its true beats, or a part of a beat after them."""
    beats = song.beats[:-1] + part * np.diff(song.beats)
    return Struck(onsets(song.samples), harmony(song.samples), np.rint(beats * FPS).astype(np.int64))


def reading(metre: int, score: float, frames: int = 16, fit: float = 0.2, alike: float = 0.2) -> Reading:
    evidence = {"score": score, "fit of a beat": fit, "alike": alike}
    return Reading(FRAMES[frames], 120, metre, 0, evidence)


FRAMES = {count: np.arange(count) * 50 for count in (8, 16)}
BY_SCORE = {"score": 1.0}


def test_the_reading_that_most_speaks_for_is_chosen() -> None:
    choice = chosen([reading(4, 2), reading(3, 3), reading(2, 1)], BY_SCORE)
    assert choice.reading.metre == 3


def test_how_likely_beats_and_bars_are_adds_up() -> None:
    same = [reading(metre, np.log(share)) for metre, share in ((4, 3), (3, 1))]
    choice = chosen([*same, reading(4, np.log(1), frames=8)], BY_SCORE)
    assert choice.beats == pytest.approx(0.8)
    assert choice.bars == pytest.approx(0.75)


def test_scores_may_be_huge() -> None:
    choice = chosen([reading(4, 5000), reading(3, -5000)], BY_SCORE)
    assert (choice.beats, choice.bars) == (1, 1)


@pytest.mark.parametrize(("fit", "alike", "bars"), [(-0.3, 0.0, 0), (0.1, 0.0, 1), (-0.3, 0.5, 1)])
def test_bars_that_nothing_tells_are_not_likely(fit: float, alike: float, bars: float) -> None:
    assert chosen([reading(4, 1, fit=fit, alike=alike)], BY_SCORE).bars == bars


@pytest.mark.parametrize("sound", [CLICK, KICK, BURST], ids=["click", "kick", "burst"])
@pytest.mark.parametrize("tempo_bpm", [60, 113, 200])
def test_a_metronome_has_no_bars(sound: Samples, tempo_bpm: float) -> None:
    choice = likeliest_of(clicks(np.arange(0.5, 16, 60 / tempo_bpm), sound))
    assert choice is not None
    assert choice.reading.tempo_bpm == pytest.approx(tempo_bpm, rel=0.02)
    assert choice.bars == 0


def test_a_song_is_read_in_every_metre_and_on_its_beats() -> None:
    song = groove(FOUR, 120, 16)
    found = list(readings(onsets(song.samples), harmony(song.samples)))
    assert {each.metre for each in found} == set(METRES)
    assert all(each.beats_per_bar == (2 if each.metre == COMPOUND else each.metre) for each in found)
    assert max(grooves.f_measure(each.frames / FPS, song.beats) for each in found) > 0.95
    assert all(np.isfinite(value) for each in found for value in each.evidence.values())


def test_every_weight_weighs_something() -> None:
    song = groove(FOUR, 120, 16)
    named = {name for each in readings(onsets(song.samples), harmony(song.samples)) for name in each.evidence}
    assert weights()
    assert set(weights()) <= named


@pytest.mark.parametrize("name", ["silence", "a hundredth of a second", "a single hit"])
def test_what_does_not_repeat_cannot_be_read(name: str) -> None:
    assert likeliest_of(NOT_MUSIC[name]) is None


def test_more_is_struck_on_the_beats_than_between_them() -> None:
    song = groove(FOUR, 120, 16)
    on, off = struck(song).beats, struck(song, 0.25).beats
    for view in ("flux", "low", "middle", "high"):
        assert on[f"{view} at beats"] > on[f"{view} at quarters"] + 0.5
    assert on["flux is steady"] > 0.9
    assert off["flux is steady"] < 0.2
    assert struck(song).tempo_bpm == pytest.approx(120, rel=0.01)


@pytest.mark.parametrize("metre", grooves.METRES[1:4], ids=lambda metre: metre.signature)
def test_beats_a_bar_apart_are_alike(metre: grooves.Metre) -> None:
    heard = struck(groove(metre, 120, 20))
    best = max((2, 3, 5, 7) if metre.beats != 4 else (3, 4, 5, 7), key=heard.alike)
    assert best == metre.beats


def test_six_eight_is_divided_in_three_and_four_four_is_not() -> None:
    compound, simple = (struck(groove(metre, 80, 16)).in_three for metre in (grooves.METRES[4], FOUR))
    assert compound["flux in three"] > simple["flux in three"] + 1
