from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.alignment.forced_alignment import SAMPLE_HZ, Aligner, Samples
from services.transcriber.alignment.sphinx import Sphinx
from services.transcriber.alignment.user_lyrics import sung
from services.transcriber.text.lyrics import Line, Word
from services.transcriber.text.phrasing import LINE_WIDTH
from services.transcriber.text.tokens import untimed
from tests.unit.transcriber.sung import sung as heard_as


def noise(seconds: float) -> Samples:
    return np.random.default_rng(1).uniform(-0.3, 0.3, int(seconds * SAMPLE_HZ)).astype(np.float32)


def aligned(
    text: str, heard: Sequence[Word], seconds: float = 20, aligner: Aligner | None = None, language: str = "en"
) -> list[Line]:
    return sung(untimed(text), heard, [], noise(seconds), language=language, aligner=aligner, report=lambda _: None)


def words(lines: Sequence[Line]) -> list[Word]:
    return [*chain(*(line.words for line in lines))]


def test_words_that_were_heard_take_their_times_and_keep_their_text() -> None:
    lines = aligned("Sing it LOUDER,\nsing together!", heard_as("sing it louder sing together", start=2))
    assert [line.text for line in lines] == ["Sing it LOUDER,", "sing together!"]
    assert [word.start for word in words(lines)] == pytest.approx([2, 2.3, 2.6, 2.9, 3.2])
    assert all(word.confidence == pytest.approx(0.9) and not word.estimated for word in words(lines))


def test_digits_are_heard_as_words_and_shown_as_given() -> None:
    first, second, third = words(aligned("at 24 hours", heard_as("at twentyfour hours", start=1)))
    assert (second.text, second.estimated) == ("24", False)
    assert [first.start, second.start, third.start] == pytest.approx([1.0, 1.3, 1.6])


def test_a_word_that_was_not_heard_is_a_guess_between_its_neighbours() -> None:
    heard = [Word("sing", 1, 1.4, 0.9), Word("together", 3, 3.5, 0.9)]
    missing = words(aligned("sing somewhere together", heard))[1]
    assert missing.estimated
    assert missing.confidence == 0
    assert 1.4 <= missing.start < missing.end <= 3


def test_what_was_heard_otherwise_says_where_the_given_words_are() -> None:
    heard = [
        Word("sing", 1, 1.4, 0.9),
        Word("xxx", 8, 8.5, 0.2),
        Word("yyy", 8.5, 9, 0.2),
        Word("together", 15, 15.5, 0.9),
    ]
    _, one, two, _ = words(aligned("sing over mountains together", heard))
    assert 8 <= one.start < two.start < 9


def test_words_that_were_heard_as_one_share_its_time() -> None:
    heard = [Word("wanna", 1.0, 1.6, 0.9), Word("sing", 1.6, 2.0, 0.9)]
    want, to, sing = words(aligned("want to sing", heard))
    assert 1.0 == want.start < to.start < sing.start == 1.6
    assert to.start > 1.2


def test_a_chorus_given_once_and_sung_twice_is_timed_as_a_whole() -> None:
    chorus = "we will dance until tomorrow"
    twice = [*heard_as(chorus, start=2), *heard_as(chorus, start=10)]
    starts = [word.start for word in words(aligned(chorus, twice))]
    assert starts[-1] - starts[0] < 2


def test_a_chorus_sung_as_often_as_it_is_given_is_timed_each_time() -> None:
    chorus = "we will dance until tomorrow"
    twice = [*heard_as(chorus, start=2), *heard_as(chorus, start=10)]
    starts = [word.start for word in words(aligned(f"{chorus}\n{chorus}", twice))]
    assert [starts[0], starts[5]] == pytest.approx([2, 10])


def test_a_long_line_is_wrapped_and_a_short_one_stays_as_the_user_broke_it() -> None:
    long = "If you are looking for someone to blame, just take your pick of one"
    lines = aligned(f"Oh.\n{long}\nYes. No. Yes.", [])
    assert [line.text for line in lines] == [
        "Oh.",
        "If you are looking for someone to blame,",
        "just take your pick of one",
        "Yes. No. Yes.",
    ]


def test_lyrics_to_a_song_without_a_voice_are_guesses_where_it_is_loud() -> None:
    samples = np.concatenate([np.zeros(5 * SAMPLE_HZ, np.float32), noise(10), np.zeros(5 * SAMPLE_HZ, np.float32)])
    lines = sung(untimed("la la\nlo lo"), [], [], samples, language=None, aligner=Sphinx(), report=lambda _: None)
    assert all(word.estimated and word.confidence == 0 for word in words(lines))
    assert words(lines)[0].start >= 5
    assert words(lines)[-1].end <= 15


def test_lyrics_to_silence_have_times_too() -> None:
    silence = np.zeros(2 * SAMPLE_HZ, np.float32)
    lines = sung(untimed("la " * 300), [], [], silence, language=None, aligner=None, report=lambda _: None)
    assert len(words(lines)) == 300
    assert words(lines)[-1].end <= 2


def test_arabic_and_chinese_are_matched_as_they_are() -> None:
    arabic = words(aligned("حَبيبي يا نور", heard_as("حبيبي يا نور", start=3), language="ar"))
    assert [word.start for word in arabic] == pytest.approx([3, 3.3, 3.6])
    chinese = [replace(word, spaced=False) for word in heard_as("我 爱 你", start=3)]
    assert [word.start for word in words(aligned("我爱你！", chinese, language="zh"))] == pytest.approx([3, 3.3, 3.6])


class Shifting:
    """Finds every word a tenth of a second later; at the first try of each line, nothing."""

    name = "shifting"

    def __init__(self) -> None:
        self.stretches: list[tuple[float, float]] = []

    def aligned(self, words: Sequence[Word], samples: Samples, start: float, end: float) -> list[Word]:
        self.stretches.append((start, end))
        if len(self.stretches) % 2:
            return list(words)
        return [replace(word, start=word.start + 0.1, end=word.end + 0.1, estimated=False) for word in words]


def test_each_line_is_aligned_near_its_own_words_and_once_more_where_that_finds_nothing() -> None:
    aligner = Shifting()
    heard = [*heard_as("sing it louder", start=2), *heard_as("sing together", start=8)]
    lines = aligned("sing it louder\nsing together", heard, aligner=aligner)
    assert aligner.stretches == [pytest.approx(each) for each in ((1.7, 3.2), (1.85, 3.05), (7.7, 8.9), (7.85, 8.75))]
    assert [line.start for line in lines] == pytest.approx([2.1, 8.1])


def test_a_line_of_which_nothing_was_heard_stays_a_guess() -> None:
    lines = aligned("sing it louder\nover mountains", heard_as("sing it louder", start=2), aligner=Shifting())
    assert [word.estimated for word in words(lines)] == [False, False, False, True, True]


def test_pocketsphinx_times_words_that_no_dictionary_has_and_leaves_what_has_no_sound() -> None:
    before = heard_as("zorkle & 1999 שלום", start=1)
    after = Sphinx().aligned(before, noise(10), 0, 10)
    assert [word.text for word in after] == [word.text for word in before]
    assert after[3] == before[3]


vocabulary = st.sampled_from(["sing", "it", "louder", "now", "24", "Zörk", "...", "我爱你", "שלום", "(ooh)", "don't"])
texts = st.lists(st.lists(vocabulary, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=6).map("\n".join)
spans = st.lists(st.tuples(vocabulary, st.floats(0, 12), st.floats(0, 2)), max_size=20)


@given(texts, spans, st.floats(0.5, 12))
def test_every_given_word_gets_a_time_in_order_within_the_song(
    text: str, heard: list[tuple[str, float, float]], seconds: float
) -> None:
    sounded = [
        Word(word, start, start + length, 0.8) for word, start, length in sorted(heard, key=lambda each: each[1])
    ]
    lines = aligned(text, sounded, seconds)
    timed = words(lines)
    assert [word.text for word in timed] == [word.text for line in untimed(text) for word in line]
    assert all(0 <= word.start < word.end <= seconds + 1e-3 for word in timed)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(timed))
    assert all(0 <= word.confidence <= 1 for word in timed)
    assert all(len(line.text) <= LINE_WIDTH or len(line.words) == 1 for line in lines)
