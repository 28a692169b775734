"""Times of LRC and subtitles, for lines that are not recognized where they say."""

import pytest

from services.transcriber.alignment.given_times import apply_given_times
from shared.lyrics.words import Word


def line(text: str, start: float, confidence: float = 0.9) -> list[Word]:
    return [Word(word, start + 0.4 * at, start + 0.4 * at + 0.3, confidence) for at, word in enumerate(text.split())]


def starts(lines: list[list[Word]]) -> list[float]:
    return [each[0].start for each in lines]


LYRICS = [line("one two three", 3.0), line("four five", 9.0, 0.0), line("six seven", 12.0), line("eight nine", 15.0)]


def test_a_line_that_was_not_recognized_starts_at_its_given_time() -> None:
    placed = apply_given_times(LYRICS, [3.1, 7.0, 12.1, 15.1], [(0.0, 20.0)], 20)
    assert starts(placed) == pytest.approx([3, 6.9, 12, 15])
    assert all(word.estimated and word.end <= 12 for word in placed[1])
    assert placed[0] == LYRICS[0]


def test_given_times_of_another_recording_are_shifted() -> None:
    placed = apply_given_times(LYRICS, [1.0, 5.0, 10.0, 13.2], [(0.0, 20.0)], 20)
    assert starts(placed) == pytest.approx([3, 7, 12, 15])


def test_given_times_that_do_not_fit_are_ignored() -> None:
    assert apply_given_times(LYRICS, [3.0, 7.0, 30.0, 50.0], [(0.0, 20.0)], 20) == LYRICS


def test_a_line_that_was_mistaken_for_another_moves_to_its_given_time() -> None:
    lines = [*LYRICS[:1], line("la la", 14.0), *LYRICS[2:]]
    placed = apply_given_times(lines, [3.0, 7.0, 12.0, 15.0], [(0.0, 20.0)], 20)
    assert starts(placed) == pytest.approx([3, 7, 12, 15])
    assert all(word.estimated for word in placed[1])


def test_without_recognized_words_all_lines_have_their_given_times_and_words_stay_near() -> None:
    lines = [line("one two three", 0, 0.0), line("four five", 1, 0.0), line("six", 2, 0.0)]
    placed = apply_given_times(lines, [3.0, 7.0, None], [(0.0, 60.0)], 60)
    assert starts(placed) == pytest.approx([3, 7, 2])
    assert placed[1][-1].end < 10


def test_the_lines_of_one_cue_share_its_time() -> None:
    lines = [line("one two", 0, 0.0), line("three four", 1, 0.0), line("five", 2, 0.0)]
    placed = apply_given_times(lines, [3.0, 3.0, 5.0], [(0.0, 60.0)], 60)
    assert starts(placed) == pytest.approx([3, 4, 5], abs=0.2)


def test_words_start_where_a_voice_is() -> None:
    lines = [line("one two three four", 0, 0.0)]
    placed = apply_given_times(lines, [3.0], [(3.0, 4.0), (6.0, 8.0)], 60)
    assert [word.start for word in placed[0]] == pytest.approx([3, 3.6, 6.2, 7.1], abs=0.05)
