"""Hypotheses about the metre, their features and the meter of the likeliest."""

import numpy as np
import pytest

from services.beats.beat_features import BeatFeatures
from services.beats.harmony import harmony
from services.beats.meter_hypotheses import (
    COMPOUND,
    METRES,
    Meter,
    MeterHypothesis,
    choose,
    estimate_meter,
    hypotheses,
    weights,
)
from services.beats.onsets import FPS, onsets
from tests.unit.beats import grooves
from tests.unit.beats.grooves import BURST, CLICK, FOUR, KICK, Groove, clicks, groove
from tests.unit.beats.synth import NOT_MUSIC, Samples


def meter_of(samples: Samples) -> Meter | None:
    return estimate_meter(onsets(samples), harmony(samples))


def features(song: Groove, part: float = 0.0) -> BeatFeatures:
    """Return the features at the true beats, or a part of a beat later."""
    beats = song.beats[:-1] + part * np.diff(song.beats)
    return BeatFeatures(onsets(song.samples), harmony(song.samples), np.rint(beats * FPS).astype(np.int64))


def hypothesis(metre: int, score: float, frames: int = 16, fit: float = 0.2, alike: float = 0.2) -> MeterHypothesis:
    values = {"score": score, "fit of a beat": fit, "alike": alike}
    return MeterHypothesis(FRAMES[frames], 120, metre, 0, values)


FRAMES = {count: np.arange(count) * 50 for count in (8, 16)}
BY_SCORE = {"score": 1.0}


def test_the_hypothesis_with_the_highest_score_is_chosen() -> None:
    meter = choose([hypothesis(4, 2), hypothesis(3, 3), hypothesis(2, 1)], BY_SCORE)
    assert meter.hypothesis.metre == 3


def test_probabilities_of_beats_and_bars_are_summed() -> None:
    same = [hypothesis(metre, np.log(share)) for metre, share in ((4, 3), (3, 1))]
    meter = choose([*same, hypothesis(4, np.log(1), frames=8)], BY_SCORE)
    assert meter.beat_probability == pytest.approx(0.8)
    assert meter.bar_probability == pytest.approx(0.75)


def test_large_scores_do_not_overflow() -> None:
    meter = choose([hypothesis(4, 5000), hypothesis(3, -5000)], BY_SCORE)
    assert (meter.beat_probability, meter.bar_probability) == (1, 1)


@pytest.mark.parametrize(("fit", "alike", "bars"), [(-0.3, 0.0, 0), (0.1, 0.0, 1), (-0.3, 0.5, 1)])
def test_bars_of_equal_beats_have_probability_zero(fit: float, alike: float, bars: float) -> None:
    assert choose([hypothesis(4, 1, fit=fit, alike=alike)], BY_SCORE).bar_probability == bars


@pytest.mark.parametrize("sound", [CLICK, KICK, BURST], ids=["click", "kick", "burst"])
@pytest.mark.parametrize("tempo_bpm", [60, 113, 200])
def test_a_metronome_has_no_bars(sound: Samples, tempo_bpm: float) -> None:
    meter = meter_of(clicks(np.arange(0.5, 16, 60 / tempo_bpm), sound))
    assert meter is not None
    assert meter.hypothesis.tempo_bpm == pytest.approx(tempo_bpm, rel=0.02)
    assert meter.bar_probability == 0


def test_hypotheses_include_every_metre_and_the_true_beats() -> None:
    song = groove(FOUR, 120, 16)
    found = list(hypotheses(onsets(song.samples), harmony(song.samples)))
    assert {each.metre for each in found} == set(METRES)
    assert all(each.beats_per_bar == (2 if each.metre == COMPOUND else each.metre) for each in found)
    assert max(grooves.f_measure(each.frames / FPS, song.beats) for each in found) > 0.95
    assert all(np.isfinite(value) for each in found for value in each.features.values())


def test_every_weight_belongs_to_a_feature() -> None:
    song = groove(FOUR, 120, 16)
    named = {name for each in hypotheses(onsets(song.samples), harmony(song.samples)) for name in each.features}
    assert weights()
    assert set(weights()) <= named


@pytest.mark.parametrize("name", ["silence", "a hundredth of a second", "a single hit"])
def test_audio_without_repetition_has_no_metre(name: str) -> None:
    assert meter_of(NOT_MUSIC[name]) is None


def test_onsets_are_stronger_on_the_beats_than_between_them() -> None:
    song = groove(FOUR, 120, 16)
    on, off = features(song).beats, features(song, 0.25).beats
    for view in ("flux", "low", "middle", "high"):
        assert on[f"{view} at beats"] > on[f"{view} at quarters"] + 0.5
    assert on["flux is steady"] > 0.9
    assert off["flux is steady"] < 0.2
    assert features(song).tempo_bpm == pytest.approx(120, rel=0.01)


@pytest.mark.parametrize("metre", grooves.METRES[1:4], ids=lambda metre: metre.signature)
def test_beats_one_bar_apart_are_similar(metre: grooves.Metre) -> None:
    heard = features(groove(metre, 120, 20))
    best = max((2, 3, 5, 7) if metre.beats != 4 else (3, 4, 5, 7), key=heard.bar_similarity)
    assert best == metre.beats


def test_six_eight_has_a_triple_division_and_four_four_has_not() -> None:
    compound, simple = (features(groove(metre, 80, 16)).triple_division for metre in (grooves.METRES[4], FOUR))
    assert compound["flux in three"] > simple["flux in three"] + 1
