"""The training set: patterns of all styles, performances of scores, and folds by source."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation import render, truth
from tests.evaluation.generated.drums import LOUDNESS
from tests.evaluation.generated.grooves import STYLES, drums_alone
from tests.evaluation.generated.grooves.style import Style
from tests.evaluation.generated.metre import METRES
from tests.evaluation.generated.synth import HZ
from tests.evaluation.scores.performance import KITS, TEMPI, Performance, performance, rendered
from tests.evaluation.scores.performance import truth as truth_of
from tests.evaluation.scores.score import Score, ScoreNote
from tests.evaluation.training_songs import folds, plans
from tests.evaluation.truth import Truth

ALL_STYLES = (*STYLES, *drums_alone.STYLES)
GROUPED = {"groups", "after groups"}
"""Patterns that are made from the groups of a metre."""
STEPS_PER_BEAT = {1: {1, 2}, 2: {1, 2, 4}, 3: {1, 3, 6}}
"""Steps per beat by the metre's division of a beat."""
PLANS = plans()

needs_synthesizer = pytest.mark.skipif(render.missing_packages() is not None, reason=str(render.missing_packages()))


def a_score(pickup: float = 1.5, bars: int = 40, signature: str = "6/8", beat: float = 1.5, beats: int = 2) -> Score:
    """Return eighth notes."""
    end = pickup + bars * beats * beat
    notes = tuple(ScoreNote(step / 2, 0.5, 60 + step % 5, 0) for step in range(int(2 * end)))
    return Score("eighths", "invented", signature, beat, beats, pickup, end, notes)


def starting(pickup: float) -> Performance:
    """Return a performance of a whole, short score, which begins with its pick-up."""
    return performance(a_score(pickup, bars=6))


def clip(source: str, signature: str) -> Truth:
    return Truth(source, "tune", (source, "drums"), time_signature=signature)


@pytest.mark.parametrize("style", ALL_STYLES, ids=lambda style: style.name)
def test_the_length_of_every_pattern_fits_its_metre(style: Style) -> None:
    metre = METRES[style.signature]
    assert all(sum(groups) == metre.beats for groups in style.groups)
    for pattern in {*style.kick, *style.snare, *style.hat} - GROUPED:
        for bar in pattern.split("|"):
            assert set(bar) <= {*LOUDNESS, "."}
            assert len(bar) / metre.beats in STEPS_PER_BEAT[metre.division], pattern


@pytest.mark.parametrize(("signature", "patterns"), KITS.items())
def test_the_drums_of_a_score_fit_its_metre(signature: str, patterns: tuple[str, ...]) -> None:
    metre = METRES.get(signature, METRES["2/4"])
    assert all(len(pattern) % metre.beats == 0 for pattern in patterns)


def test_training_clips_have_unique_names_and_every_style_is_a_source() -> None:
    assert len({plan.name for plan in PLANS}) == len(PLANS)
    assert {plan.tags[0] for plan in PLANS} == {style.name for style in ALL_STYLES}


def test_every_style_uses_the_patterns_of_both_halves() -> None:
    for style in ALL_STYLES:
        assert {plan.half for plan in PLANS if plan.style is style} == {0, 1}


def test_folds_never_split_a_source() -> None:
    items = [clip(plan.style.name, plan.style.signature) for plan in PLANS]
    found = folds(items, 5)
    assert len(found) == len(items)
    assert set(found) == set(range(5))
    for style in ALL_STYLES:
        assert len({fold for fold, item in zip(found, items, strict=True) if item.source == style.name}) == 1


def test_folds_spread_the_metres() -> None:
    items = [clip(f"{signature} {number}", signature) for signature in ("3/4", "4/4") for number in range(4)]
    found = folds(items, 4)
    for signature in ("3/4", "4/4"):
        assert {fold for fold, item in zip(found, items, strict=True) if item.time_signature == signature} == {
            0, 1, 2, 3,
        }  # fmt: skip


@pytest.mark.parametrize(("pickup", "beats_before"), [(0.0, 0), (0.5, 0), (1.5, 1), (2.0, 1)])
def test_downbeats_of_a_score_follow_its_pick_up(pickup: float, beats_before: int) -> None:
    played = starting(pickup)
    known = truth_of(played, 1000.0)
    assert [beat.position for beat in known.beats].index(1) == beats_before
    assert all(late.position == early.position % 2 + 1 for early, late in pairwise(known.beats))
    notes = [note for note in played.notes if note.part == "0"]
    assert notes[0].start == pytest.approx(-pickup / 1.5)
    onsets = {round(played.timeline.seconds(note.start), 4) for note in notes}
    downbeats = [beat.time for beat in known.beats if beat.position == 1]
    assert set(downbeats[:-1]) <= onsets  # the last one is where the excerpt ends
    assert len(downbeats) == 7


def test_an_excerpt_of_a_long_score_begins_with_a_bar() -> None:
    played = performance(a_score(pickup=1.0, bars=400, signature="3/4", beat=1.0, beats=3))
    known = truth_of(played, 1000.0)
    assert known.beats[0].position == 1
    assert played.notes[0].start == pytest.approx(0)
    assert 18 < known.beats[-1].time < 35


def test_the_same_score_is_performed_the_same() -> None:
    assert performance(a_score()).notes == performance(a_score()).notes


def test_the_tempo_of_a_score_is_in_the_range_of_its_metre() -> None:
    slowest, fastest = TEMPI["6/8"]
    assert 0.9 * slowest < (truth_of(performance(a_score()), 1000.0).tempo_bpm or 0) < 1.1 * fastest


@needs_synthesizer
def test_a_score_sounds_on_its_beats() -> None:
    samples, known = rendered(starting(0.0))
    assert np.abs(samples).max() == pytest.approx(0.89)
    assert len(samples) / HZ > known.beats[-1].time
    first = round(known.beats[0].time * HZ)
    before, after = samples[: first - HZ // 40], samples[first : first + HZ // 10]
    assert np.abs(before).max(initial=0) < 0.05 * np.abs(after).max()


@needs_synthesizer
def test_a_clip_of_drums_alone_is_rendered(tmp_path: Path) -> None:
    plan = next(plan for plan in PLANS if plan.style.name == "drums, sparse loop")
    render.song(plan, tmp_path)
    known = truth.read(tmp_path / f"{plan.name}.json")
    assert known.source == "drums, sparse loop"
    assert {beat.position for beat in known.beats} == {1, 2, 3, 4}
    assert (tmp_path / f"{plan.name}.flac").stat().st_size > 10_000
