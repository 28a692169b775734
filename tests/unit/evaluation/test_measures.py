"""Measures of cases with known results."""

import numpy as np
import pytest

from tests.evaluation.answer import Answer
from tests.evaluation.engines import always_four
from tests.evaluation.measures import harmony, lyrics, rhythm
from tests.evaluation.measures.separation import sdr
from tests.evaluation.truth import Beat, Chord, Truth, Word

GRID = tuple(Beat(0.5 * index, index % 3 + 1) for index in range(1, 31))
WALTZ = Truth("waltz", "tune", (), tempo_bpm=120, time_signature="3/4", beats=GRID)


def found(beats: tuple[Beat, ...], tempo_bpm: float = 120, time_signature: str = "3/4") -> rhythm.Score:
    return rhythm.score(WALTZ, Answer(beats=beats, tempo_bpm=tempo_bpm, time_signature=time_signature))


def test_the_truth_has_perfect_scores() -> None:
    score = found(GRID)
    assert (score.f, score.cmlt, score.amlt, score.downbeat_f) == (1, 1, 1, 1)
    assert (score.metre, score.tempo, score.tempo_or_octave) == (True, True, True)
    assert score.errors == (0,) * 30


def test_late_beats_match_with_positive_errors() -> None:
    score = found(tuple(Beat(beat.time + 0.02, beat.position) for beat in GRID))
    assert score.f == 1
    assert score.errors == pytest.approx([0.02] * 30)


def test_every_other_beat_has_half_the_recall_at_another_level() -> None:
    score = found(GRID[::2], tempo_bpm=60)
    assert score.f == pytest.approx(2 / 3)
    assert score.cmlt == 0
    assert score.amlt == pytest.approx(1)
    assert (score.tempo, score.tempo_or_octave) == (False, True)


def test_bars_that_begin_on_the_wrong_beat_have_no_downbeat() -> None:
    score = found(tuple(Beat(beat.time, beat.position % 3 + 1) for beat in GRID))
    assert (score.f, score.downbeat_f, score.metre) == (1, 0, True)


def test_an_empty_answer_scores_zero() -> None:
    score = rhythm.score(WALTZ, Answer())
    assert (score.f, score.cmlt, score.downbeat_f, score.metre, score.tempo, score.errors) == (
        0,
        0,
        0,
        False,
        False,
        (),
    )


@pytest.mark.parametrize(
    ("signature", "metre"),
    [("7/8", "7"), ("6/8", "6/8"), ("6/4", "6/8"), ("9/8", "3"), ("12/8", "4"), ("2/4", "2"), (None, None)],
)
def test_a_metre_is_the_beats_per_bar_or_compound_time(signature: str | None, metre: str | None) -> None:
    assert rhythm.metre(signature) == metre


def test_confidence_ordered_like_quality_correlates() -> None:
    assert rhythm.rank_correlation([0.1, 0.5, 0.9], [0.2, 0.3, 1.0]) == pytest.approx(1)
    assert rhythm.rank_correlation([0.9, 0.5, 0.1], [0.2, 0.3, 1.0]) == pytest.approx(-1)
    assert rhythm.rank_correlation([0.5, 0.5, 0.5], [0.2, 0.3, 1.0]) is None


def test_always_four_counts_from_the_first_beat() -> None:
    four = always_four(Answer(beats=GRID, time_signature="3/4", confidence=0.7))
    assert [beat.position for beat in four.beats[:6]] == [1, 2, 3, 4, 1, 2]
    assert (four.time_signature, four.confidence) == ("4/4", 0.7)
    assert always_four(Answer()).time_signature is None


def test_chords_are_compared_by_root_and_mode_weighted_by_length() -> None:
    true = (Chord(0, 2, "C"), Chord(2, 3, "Am7"), Chord(3, 4, "G7"))
    assert harmony.chord_accuracy(true, true) == pytest.approx(1)
    assert harmony.chord_accuracy(true, (Chord(0, 3, "C"), Chord(3, 4, "G"))) == pytest.approx(0.75)
    assert harmony.chord_accuracy(true, ()) is None


@pytest.mark.parametrize(("label", "written"), [("C", "C:maj"), ("F#m7", "F#:min7"), ("Bbmaj7", "Bb:maj7"), ("N", "N")])
def test_chord_labels_are_converted_for_mir_eval(label: str, written: str) -> None:
    assert harmony.harte(label) == written


def test_keys_have_enharmonic_names_and_relatives() -> None:
    assert harmony.key_score("Db major", "C# major") == 1
    assert harmony.key_score("C major", "A minor") == pytest.approx(0.3)
    assert harmony.key_score("C major", None) == 0
    assert harmony.key_score(None, "C major") is None


def test_words_are_compared_without_case_and_punctuation() -> None:
    true = (Word("Don't", 1, 1.5), Word("stop,", 2, 2.5), Word("re-do", 3, 3.5), Word("mañana", 4, 4.5))
    heard = (Word("dont", 1.1, 1.4), Word("Stop", 1.9, 2.2), Word("re", 3, 3.2), Word("do", 3.2, 3.5))
    score = lyrics.score(true, heard)
    assert (score.wrong, score.true, score.error_rate) == (1, 5, 0.2)
    assert score.starts == pytest.approx([0.1, -0.1, 0, 0.2])
    assert lyrics.close((*score.starts, 0.4)) == pytest.approx(0.8)


def test_words_without_times_are_compared_without_start_errors() -> None:
    assert lyrics.score((Word("one", 1, 2),), (Word("one"),)) == lyrics.Score(wrong=0, true=1, heard=1, starts=())


def test_words_in_a_wordless_clip_are_all_wrong() -> None:
    score = lyrics.score((), (Word("thank", 0, 1), Word("you", 1, 2)))
    assert (score.wrong, score.true, score.heard, score.error_rate) == (2, 0, 2, None)


def test_a_stem_with_ten_percent_error_has_20_db() -> None:
    true = np.sin(np.arange(1000))
    assert sdr(true, 0.9 * true) == pytest.approx(20, abs=1e-3)
    assert sdr(true, np.zeros(1000)) == pytest.approx(0, abs=1e-3)
