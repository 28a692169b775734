"""Hypotheses about the metre, their features and the choice of the likeliest."""

import numpy as np
import pytest

from services.beats.bars import COMPOUND, METRES, patterns
from services.beats.beat_features import BeatFeatures, beat_features
from services.beats.harmony import harmony
from services.beats.meter_hypotheses import (
    EIGHTHS,
    Bars,
    Hypothesis,
    Meter,
    beat_candidates,
    choose,
    estimate_meter,
    hypothesis_of,
    weights,
)
from services.beats.onsets import FPS, onsets
from services.beats.tracking import FASTEST_BEAT_BPM
from tests.unit.beats import grooves
from tests.unit.beats.grooves import BURST, CLICK, FOUR, KICK, Groove, clicks, groove
from tests.unit.beats.synth import NOT_MUSIC, Samples


def meter_of(samples: Samples) -> Meter | None:
    return estimate_meter(onsets(samples), harmony(samples))


def features(song: Groove, part: float = 0.0) -> BeatFeatures:
    """Return the features at the true beats, or a part of a beat later."""
    beats = song.beats[:-1] + part * np.diff(song.beats)
    return beat_features(onsets(song.samples), harmony(song.samples), np.rint(beats * FPS).astype(np.int64))


def hypothesis(bpm: float, *shares: tuple[int, int, float]) -> Hypothesis:
    """Return beats with bars: metre, first beat and share."""
    bars = (Bars(metre, first, {"score": float(np.log(share))}) for metre, first, share in shares)
    return Hypothesis(np.arange(16) * 50, bpm, tuple(bars))


BY_SCORE = {"score": 1.0}


def test_the_beats_with_the_highest_sum_are_chosen_then_the_metre_then_the_downbeat() -> None:
    best_bars = hypothesis(60, (4, 0, 5))
    best_beats = hypothesis(120, (4, 1, 4), (3, 0, 3), (3, 1, 2))
    meter = choose([best_bars, best_beats], BY_SCORE)
    assert (meter.tempo_bpm, meter.metre, meter.first) == (120, 3, 0)
    assert meter.beat_probability == pytest.approx(9 / 14)
    assert meter.metre_probability == pytest.approx(5 / 9)
    assert meter.bar_probability == pytest.approx(3 / 9)
    assert dict(meter.tempi) == pytest.approx({60: 5 / 14, 120: 9 / 14})


def test_large_scores_do_not_overflow() -> None:
    found = [Hypothesis(np.arange(16), 100, (Bars(4, 0, {"score": score}),)) for score in (5000.0, -5000.0)]
    meter = choose(found, BY_SCORE)
    assert (meter.beat_probability, meter.bar_probability) == (1, 1)


@pytest.mark.parametrize("sound", [CLICK, KICK, BURST], ids=["click", "kick", "burst"])
@pytest.mark.parametrize("tempo_bpm", [60, 113, 150])
def test_a_metronome_has_its_tempo_and_an_uncertain_metre(sound: Samples, tempo_bpm: float) -> None:
    meter = meter_of(clicks(np.arange(0.5, 16, 60 / tempo_bpm), sound))
    assert meter is not None
    assert meter.tempo_bpm == pytest.approx(tempo_bpm, rel=0.02)
    assert meter.bar_probability < 0.7


def test_hypotheses_include_every_metre_and_the_true_beats() -> None:
    song = groove(FOUR, 120, 16)
    heard = onsets(song.samples)
    found = [
        hypothesis_of(beat_features(heard, harmony(song.samples), each), patterns()) for each in beat_candidates(heard)
    ]
    bars = [each for hypothesis in found for each in hypothesis.bars]
    assert {each.metre for each in bars} == set(METRES)
    assert max(grooves.f_measure(each.frames / FPS, song.beats) for each in found) > 0.95
    assert all(np.isfinite(value) for each in bars for value in each.features.values())


def test_only_sevens_are_faster_than_other_beats() -> None:
    song = features(groove(FOUR, 120, 16))
    fast = BeatFeatures(**{**vars(song), "tempo_bpm": FASTEST_BEAT_BPM + 1})
    assert {bars.metre for bars in hypothesis_of(fast, patterns()).bars} == {EIGHTHS}
    assert COMPOUND in {bars.metre for bars in hypothesis_of(song, patterns()).bars}


def test_every_weight_belongs_to_a_feature() -> None:
    found = hypothesis_of(features(groove(FOUR, 120, 16)), patterns())
    assert weights()
    assert set(weights()) <= {name for bars in found.bars for name in bars.features}


@pytest.mark.parametrize("name", ["silence", "a hundredth of a second", "a single hit"])
def test_audio_without_repetition_has_no_metre(name: str) -> None:
    assert meter_of(NOT_MUSIC[name]) is None


def test_onsets_are_stronger_on_the_beats_than_between_them() -> None:
    song = groove(FOUR, 120, 16)
    on, off = features(song).level, features(song, 0.25).level
    for view in ("flux", "low", "middle", "high"):
        assert on[f"{view} at beats"] > off[f"{view} at beats"] + 0.5
    assert on["flux is steady"] > 0.9
    assert off["flux is steady"] < 0.2
    assert features(song).tempo_bpm == pytest.approx(120, rel=0.01)


@pytest.mark.parametrize("metre", grooves.METRES[1:4], ids=lambda metre: metre.signature)
def test_beats_one_bar_apart_are_similar(metre: grooves.Metre) -> None:
    similarity = features(groove(metre, 120, 20)).similarity
    others = (2, 3, 5, 7) if metre.beats != 4 else (3, 4, 5, 7)
    assert max(others, key=lambda beats: similarity[beats]) == metre.beats


def test_six_eight_has_a_triple_division_and_four_four_has_not() -> None:
    compound, simple = (features(groove(metre, 80, 16)).triple for metre in (grooves.METRES[4], FOUR))
    assert compound["flux in three"] > simple["flux in three"] + 1


def test_the_first_sound_after_silence_opens_the_song() -> None:
    song = groove(FOUR, 120, 16)
    assert features(song).opening == 0
    assert (
        beat_features(onsets(song.samples), harmony(song.samples), features(song).frames, whole=False).opening is None
    )


def test_the_start_of_a_section_is_marked() -> None:
    quiet, loud = groove(FOUR, 120, 8), groove(FOUR, 120, 8)
    samples = np.concatenate([0.1 * quiet.samples, loud.samples])
    beats = np.concatenate([quiet.beats, len(quiet.samples) / 22_050 + loud.beats])
    found = beat_features(onsets(samples), harmony(samples), np.rint(beats * FPS).astype(np.int64))
    assert abs(int(found.marks[1].argmax()) - len(quiet.beats)) <= 1
