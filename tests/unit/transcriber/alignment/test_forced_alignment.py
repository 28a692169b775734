from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.alignment.forced_alignment import time_recognized
from services.transcriber.alignment.onsets import BIAS_SECONDS, snap_to_onsets
from services.transcriber.audio import SAMPLE_HZ, Samples
from services.transcriber.text.phrasing import LINE_WIDTH
from shared.lyrics.words import Line, Word
from tests.unit.transcriber.synth import sung_words


def bursts(*times: float, seconds: float = 10) -> Samples:
    """Return a tone that starts at each time and decays within 0.3 s."""
    samples = np.zeros(int(seconds * SAMPLE_HZ))
    tone = np.exp(-np.arange(int(0.3 * SAMPLE_HZ)) / 1000) * np.sin(np.arange(int(0.3 * SAMPLE_HZ)) / 5)
    for time in times:
        samples[int(time * SAMPLE_HZ) :][: len(tone)] += 0.3 * tone
    return samples.astype(np.float32)


class FakeAligner:
    """Finds the words that have a time here, and no others."""

    name = "fake"

    def __init__(self, **times: float) -> None:
        self._times = times

    def align(self, words: Sequence[Word], samples: Samples, start: float, end: float) -> list[Word]:
        return [
            replace(word, start=self._times[word.text], end=self._times[word.text] + 0.2)
            if word.text in self._times
            else word
            for word in words
        ]


def words(lines: Sequence[Line]) -> list[Word]:
    return [word for line in lines for word in line.words]


def starts(lines: Sequence[Line]) -> list[float]:
    return [word.start for word in words(lines)]


def test_recognized_words_take_the_times_of_the_aligner() -> None:
    lines = time_recognized([sung_words("sing it")], bursts(), [FakeAligner(sing=0.1, it=0.5)], lambda _: None)
    assert starts(lines) == [0.1, 0.5]


def test_words_without_sounds_are_interpolated_and_marked_as_estimated() -> None:
    lines = time_recognized(
        [sung_words("sing & ♪ loud", start=3)], bursts(), [FakeAligner(sing=1.0, loud=2.0)], lambda _: None
    )
    sing, sign, note, loud = words(lines)
    assert (sing.start, loud.start) == (1.0, 2.0)
    assert sing.end <= sign.start < note.start < loud.start
    assert [word.estimated for word in (sing, sign, note, loud)] == [False, True, True, False]


def test_a_time_that_fits_between_its_neighbours_is_kept() -> None:
    phrase = [Word("sing", 1.1, 1.2, 0.9), Word("&", 1.4, 1.7, 0.9), Word("loud", 2.1, 2.2, 0.9)]
    sign = words(time_recognized([phrase], bursts(), [FakeAligner(sing=1.0, loud=2.0)], lambda _: None))[1]
    assert (sign.start, sign.end, sign.estimated) == (1.4 + BIAS_SECONDS, 1.7, True)


def test_lines_are_split_by_the_aligned_times() -> None:
    aligner = FakeAligner(oh=0.0, my=3.0, love=3.3)
    assert [line.text for line in time_recognized([sung_words("oh my love")], bursts(), [aligner], lambda _: None)] == [
        "oh",
        "my love",
    ]


def test_without_an_aligner_words_start_at_onsets_of_the_voice() -> None:
    heard = [Word("canta", 0.92, 1.3, 0.9), Word("comigo", 1.87, 2.4, 0.9)]
    assert starts(time_recognized([heard], bursts(1.0, 2.0), [None], lambda _: None)) == pytest.approx(
        [1.0, 2.0], abs=0.03
    )


def test_each_phrase_has_the_aligner_of_its_language() -> None:
    phrases = [[Word("sing", 0.92, 1.3, 0.9)], [Word("canta", 3.87, 4.4, 0.9)]]
    lines = time_recognized(
        phrases, bursts(1.0, 4.0, seconds=8), [FakeAligner(sing=1.1, canta=4.5), None], lambda _: None
    )
    assert starts(lines) == pytest.approx([1.1, 4.0], abs=0.03)


def test_a_word_that_begins_in_a_rest_moves_to_the_end_of_the_rest() -> None:
    heard = [Word("canta", 1.0, 1.3, 0.9), Word("comigo", 1.3, 3.5, 0.9)]
    assert [word.start for word in snap_to_onsets(heard, bursts(1.0, 3.0))] == pytest.approx([1.0, 3.0], abs=0.05)


def test_far_from_an_onset_a_word_moves_by_the_usual_bias() -> None:
    (word,) = snap_to_onsets([Word("canta", 5.0, 5.5, 0.9)], bursts(1.0, 2.0))
    assert word.start == pytest.approx(5.0 + BIAS_SECONDS)


times = st.tuples(st.floats(0, 12), st.floats(0, 2))


@given(st.lists(st.lists(times, min_size=1, max_size=8), max_size=5), st.sampled_from([None, FakeAligner(la=3.0)]))
def test_every_word_gets_a_time_in_order_within_the_song(
    phrases: list[list[tuple[float, float]]], aligner: FakeAligner | None
) -> None:
    heard = [
        [Word("la" if n % 2 else "24", start, start + length, 0.5) for n, (start, length) in enumerate(phrase)]
        for phrase in phrases
    ]
    lines = time_recognized(heard, bursts(1.0, 4.0, seconds=8), [aligner] * len(heard), lambda _: None)
    found = words(lines)
    assert [word.text for word in found] == [word.text for phrase in heard for word in phrase]
    assert all(0 <= word.start < word.end <= 8 + 1e-9 for word in found)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(found))
    assert all(len(line.text) <= LINE_WIDTH for line in lines)


def test_no_words_give_no_lines() -> None:
    assert time_recognized([], bursts(), [], lambda _: None) == []
    assert snap_to_onsets([Word("la", 0.0, 0.1, 0.9)], np.zeros(0, np.float32))[0].start == pytest.approx(BIAS_SECONDS)
