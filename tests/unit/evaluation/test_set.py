"""The truth of the generated set, without rendering."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from tests.evaluation.generated import voice
from tests.evaluation.generated.clip import truth
from tests.evaluation.generated.metre import METRES
from tests.evaluation.generated.plan import Plan, plans
from tests.evaluation.generated.song import Song, composed, swung
from tests.evaluation.generated.synth import HZ, Samples
from tests.evaluation.generated.words import LYRICS

PLANS = plans()
SECONDS = 20.0
SIGNATURES = set(METRES) - {"12/8"}
"""Time signatures of the set; only training clips are in 12/8."""


def a_tone(voice: str, word: str, pitch: int, words_per_minute: int) -> Samples:
    """Return 12 s per letter divided by the words per minute."""
    return np.ones(12 * len(word) * HZ // words_per_minute)


def songs() -> list[Song]:
    return [composed(plan) for plan in PLANS]


def named(plan: Plan) -> str:
    return plan.name


def test_half_of_the_clips_are_in_four() -> None:
    metres = Counter(plan.style.signature for plan in PLANS)
    assert len(PLANS) >= 64
    assert set(metres) == SIGNATURES
    assert 0.4 < metres["4/4"] / len(PLANS) < 0.6


def test_tempi_cover_the_whole_range() -> None:
    tempi = sorted(plan.bpm for plan in PLANS)
    assert 55 <= tempi[0] < 58
    assert 205 < tempi[-1] <= 210
    assert max(faster / slower for slower, faster in pairwise(tempi)) < 1.15


@pytest.mark.parametrize("signature", sorted(SIGNATURES))
def test_halves_are_balanced(signature: str) -> None:
    tune, report = (
        [plan.bpm for plan in PLANS if plan.style.signature == signature and plan.split == split]
        for split in ("tune", "report")
    )
    assert abs(len(tune) - len(report)) <= 1
    assert 0.75 < np.median(tune) / np.median(report) < 1.35


def test_each_half_has_the_same_number_of_sung_clips_and_texts_are_unique() -> None:
    sung = [plan for plan in PLANS if plan.voice is not None]
    assert Counter(plan.split for plan in sung) == {"tune": 8, "report": 8}
    assert {plan.voice for plan in sung} == set(range(len(LYRICS)))


def test_no_groove_is_in_both_halves() -> None:
    halves: dict[object, set[str]] = {}
    for song in songs():
        halves.setdefault((song.metre.signature, song.kit.bars, song.figure), set()).add(song.plan.split)
    assert all(len(splits) == 1 for splits in halves.values())


def test_the_halves_use_different_drum_patterns() -> None:
    for style in {plan.style.name: plan.style for plan in PLANS}.values():
        assert len(style.kick) < 2 or not set(style.kick[0::2]) & set(style.kick[1::2])


@pytest.mark.parametrize("plan", PLANS, ids=named)
def test_the_truth_is_consistent(plan: Plan) -> None:
    known = truth(composed(plan), (), SECONDS)
    bar = METRES[plan.style.signature].beats
    assert all(0 <= beat.time < SECONDS for beat in known.beats)
    assert all(late.time - early.time > 0.2 for early, late in pairwise(known.beats))
    assert all(late.position == early.position % bar + 1 for early, late in pairwise(known.beats))
    assert {beat.position for beat in known.beats} == set(range(1, bar + 1))
    assert known.tempo_bpm == pytest.approx(plan.bpm, rel=0.12)
    assert known.chords[0].start == 0
    assert known.chords[-1].end == SECONDS
    assert all(early.end == late.start for early, late in pairwise(known.chords))


@pytest.mark.parametrize("plan", [plan for plan in PLANS if plan.pickup], ids=named)
def test_a_pick_up_comes_before_the_first_downbeat(plan: Plan) -> None:
    positions = [beat.position for beat in truth(composed(plan), (), SECONDS).beats]
    assert positions.index(1) == plan.pickup


def test_the_same_plan_gives_the_same_song() -> None:
    assert composed(PLANS[5]).notes == composed(PLANS[5]).notes


@pytest.mark.parametrize("plan", [plan for plan in PLANS if plan.voice is not None], ids=named)
def test_words_are_inside_the_song_and_begin_on_the_beat(plan: Plan) -> None:
    song, lyric = composed(plan), LYRICS[plan.voice or 0]
    end = song.timeline.bars * song.metre.beats
    length = song.seconds(end)
    words = voice.on_the_beat(lyric, song.metre, song.seconds, song.metre.beats, end, length, a_tone).words
    grid = np.array([song.seconds(half / 6) for half in range(6 * end)])
    assert len(words) > 8
    assert [word.text for word in words] == " ".join(lyric.lines).split()[: len(words)]
    for word in words:
        assert word.start is not None
        assert word.end is not None
        assert 0 <= word.start < word.end <= length
        assert np.abs(grid - word.start).min() < 0.001
    assert all((early.end or 0) <= (late.start or 0) for early, late in pairwise(words))


@pytest.mark.parametrize(
    ("beat", "sixteenths", "played"),
    [(1.0, False, 1.0), (1.5, False, 1 + 2 / 3), (1.25, False, 1 + 1 / 3), (1.25, True, 1 + 1 / 3), (1.5, True, 1.5)],
)
def test_swing_moves_positions_between_the_beats(beat: float, sixteenths: bool, played: float) -> None:  # noqa: FBT001 -- a case
    assert swung(beat, 2 / 3, sixteenths=sixteenths) == pytest.approx(played)
