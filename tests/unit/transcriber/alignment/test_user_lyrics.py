from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.alignment.forced_alignment import Aligner
from services.transcriber.alignment.onsets import BIAS_SECONDS
from services.transcriber.alignment.sphinx import SphinxAligner
from services.transcriber.alignment.user_lyrics import time_user_lyrics
from services.transcriber.audio import SAMPLE_HZ, Samples
from services.transcriber.text.phrasing import LINE_WIDTH
from services.transcriber.text.tokens import tokenize, tokenize_timed
from shared.lyrics.words import Line, Word
from tests.unit.transcriber.synth import singing
from tests.unit.transcriber.synth import sung_words as recognized


def noise(seconds: float) -> Samples:
    return np.random.default_rng(1).uniform(-0.3, 0.3, int(seconds * SAMPLE_HZ)).astype(np.float32)


def aligned(
    text: str, heard: Sequence[Word], seconds: float = 20, aligner: Aligner | None = None, language: str = "en"
) -> list[Line]:
    """Align to a song without onsets, in which whisper hears the words early as usual."""
    early = [replace(word, start=max(0.0, word.start - BIAS_SECONDS)) for word in heard]
    silence = np.zeros(int(seconds * SAMPLE_HZ), np.float32)
    lines, _ = time_user_lyrics(
        tokenize_timed(text), early, [], silence, language=language, aligner=aligner, report=lambda _: None
    )
    return lines


def words(lines: Sequence[Line]) -> list[Word]:
    return [*chain(*(line.words for line in lines))]


def test_matching_words_take_the_recognized_times_and_keep_the_users_text() -> None:
    lines = aligned("Sing it LOUDER,\nsing together!", recognized("sing it louder sing together", start=2))
    assert [line.text for line in lines] == ["Sing it LOUDER,", "sing together!"]
    assert [word.start for word in words(lines)] == pytest.approx([2, 2.3, 2.6, 2.9, 3.2])
    assert all(word.confidence == pytest.approx(0.9) and not word.estimated for word in words(lines))


def test_words_start_at_onsets_of_the_voice() -> None:
    samples = singing((2.0, 2.4), (2.6, 3.0), (3.25, 3.6))
    heard = [Word("sing", 1.85, 2.45, 0.9), Word("it", 2.45, 3.1, 0.9), Word("louder", 3.1, 3.7, 0.9)]
    lines, _ = time_user_lyrics(
        tokenize_timed("sing it louder"), heard, [], samples, language="es", aligner=None, report=lambda _: None
    )
    assert [word.start for word in words(lines)] == pytest.approx([2.0, 2.6, 3.25], abs=0.03)


def test_digits_match_spoken_words_and_are_shown_as_digits() -> None:
    first, second, third = words(aligned("at 24 hours", recognized("at twentyfour hours", start=1)))
    assert (second.text, second.estimated) == ("24", False)
    assert [first.start, second.start, third.start] == pytest.approx([1.0, 1.3, 1.6])


def test_an_unmatched_word_is_estimated_between_its_neighbours() -> None:
    heard = [Word("sing", 1, 1.4, 0.9), Word("together", 3, 3.5, 0.9)]
    missing = words(aligned("sing somewhere together", heard))[1]
    assert missing.estimated
    assert missing.confidence == 0
    assert 1.4 <= missing.start < missing.end <= 3


def test_unmatched_words_share_the_time_of_other_recognized_words() -> None:
    heard = [
        Word("sing", 1, 1.4, 0.9),
        Word("xxx", 8, 8.5, 0.2),
        Word("yyy", 8.5, 9, 0.2),
        Word("together", 15, 15.5, 0.9),
    ]
    _, one, two, _ = words(aligned("sing over mountains together", heard))
    assert 8 <= one.start < two.start < 9


def test_words_recognized_as_one_word_share_its_time() -> None:
    heard = [Word("wanna", 1.0, 1.6, 0.9), Word("sing", 1.6, 2.0, 0.9)]
    want, to, sing = words(aligned("want to sing", heard))
    assert 1.0 == want.start < to.start < sing.start == 1.6
    assert to.start > 1.2


def test_a_chorus_written_once_and_sung_twice_is_timed_as_a_whole() -> None:
    chorus = "we will dance until tomorrow"
    twice = [*recognized(chorus, start=2), *recognized(chorus, start=10)]
    starts = [word.start for word in words(aligned(chorus, twice))]
    assert starts[-1] - starts[0] < 2


def test_a_chorus_written_twice_and_sung_twice_is_timed_each_time() -> None:
    chorus = "we will dance until tomorrow"
    twice = [*recognized(chorus, start=2), *recognized(chorus, start=10)]
    starts = [word.start for word in words(aligned(f"{chorus}\n{chorus}", twice))]
    assert [starts[0], starts[5]] == pytest.approx([2, 10])


def test_a_long_line_is_wrapped_and_short_lines_are_kept() -> None:
    long = "If you are looking for someone to blame, just take your pick of one"
    lines = aligned(f"Oh.\n{long}\nYes. No. Yes.", [])
    assert [line.text for line in lines] == [
        "Oh.",
        "If you are looking for someone to blame,",
        "just take your pick of one",
        "Yes. No. Yes.",
    ]


def test_without_recognized_words_times_are_estimated_in_the_loud_part() -> None:
    samples = np.concatenate([np.zeros(5 * SAMPLE_HZ, np.float32), noise(10), np.zeros(5 * SAMPLE_HZ, np.float32)])
    lines, _ = time_user_lyrics(
        tokenize_timed("la la\nlo lo"), [], [], samples, language=None, aligner=SphinxAligner(), report=lambda _: None
    )
    assert all(word.estimated and word.confidence == 0 for word in words(lines))
    assert words(lines)[0].start >= 5
    assert words(lines)[-1].end <= 15


def test_lyrics_for_silence_get_times() -> None:
    silence = np.zeros(2 * SAMPLE_HZ, np.float32)
    lines, _ = time_user_lyrics(
        tokenize_timed("la " * 300), [], [], silence, language=None, aligner=None, report=lambda _: None
    )
    assert len(words(lines)) == 300
    assert words(lines)[-1].end <= 2


def test_arabic_and_chinese_words_match() -> None:
    arabic = words(aligned("حَبيبي يا نور", recognized("حبيبي يا نور", start=3), language="ar"))
    assert [word.start for word in arabic] == pytest.approx([3, 3.3, 3.6])
    chinese = [replace(word, spaced=False) for word in recognized("我 爱 你", start=3)]
    assert [word.start for word in words(aligned("我爱你！", chinese, language="zh"))] == pytest.approx([3, 3.3, 3.6])


class ShiftingAligner:
    """Moves every word by a tenth of a second; at the first try of each line it finds nothing."""

    name = "shifting"

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []

    def align(self, words: Sequence[Word], samples: Samples, start: float, end: float) -> list[Word]:
        self.spans.append((start, end))
        if len(self.spans) % 2:
            return list(words)
        return [replace(word, start=word.start + 0.1, end=word.end + 0.1, estimated=False) for word in words]


def test_each_line_is_aligned_near_its_words_and_again_with_another_margin() -> None:
    aligner = ShiftingAligner()
    heard = [*recognized("sing it louder", start=2), *recognized("sing together", start=8)]
    lines = aligned("sing it louder\nsing together", heard, aligner=aligner)
    assert aligner.spans == [pytest.approx(each) for each in ((1.7, 3.2), (1.85, 3.05), (7.7, 8.9), (7.85, 8.75))]
    assert [line.start for line in lines] == pytest.approx([2.1, 8.1])


def test_a_line_without_recognized_words_stays_estimated() -> None:
    lines = aligned("sing it louder\nover mountains", recognized("sing it louder", start=2), aligner=ShiftingAligner())
    assert [word.estimated for word in words(lines)] == [False, False, False, True, True]


def test_pocketsphinx_aligns_unknown_words_and_skips_words_without_sounds() -> None:
    before = recognized("zorkle & 1999 שלום", start=1)
    after = SphinxAligner().align(before, noise(10), 0, 10)
    assert [word.text for word in after] == [word.text for word in before]
    assert after[3] == before[3]


vocabulary = st.sampled_from(["sing", "it", "louder", "now", "24", "Zörk", "...", "我爱你", "שלום", "(ooh)", "don't"])
texts = st.lists(st.lists(vocabulary, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=6).map("\n".join)
spans = st.lists(st.tuples(vocabulary, st.floats(0, 12), st.floats(0, 2)), max_size=20)


@given(texts, spans, st.floats(0.5, 12))
def test_every_word_gets_a_time_in_order_within_the_song(
    text: str, heard: list[tuple[str, float, float]], seconds: float
) -> None:
    heard_words = [
        Word(word, start, start + length, 0.8) for word, start, length in sorted(heard, key=lambda each: each[1])
    ]
    lines = aligned(text, heard_words, seconds)
    timed = words(lines)
    assert [word.text for word in timed] == [word.text for line in tokenize(text) for word in line]
    assert all(0 <= word.start < word.end <= seconds + 1e-3 for word in timed)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(timed))
    assert all(0 <= word.confidence <= 1 for word in timed)
    assert all(len(line.text) <= LINE_WIDTH or len(line.words) == 1 for line in lines)
