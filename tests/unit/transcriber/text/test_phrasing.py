from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.text.phrasing import LINE_WIDTH, regroup, resolve_overlaps, split_lines
from shared.lyrics.words import Word
from tests.unit.transcriber.synth import sung_words


def texts(*phrases: list[Word]) -> list[str]:
    return [line.text for line in split_lines(phrases)]


def test_a_phrase_that_fits_is_one_line() -> None:
    assert texts(sung_words("Code Monkey get up get coffee")) == ["Code Monkey get up get coffee"]


def test_every_phrase_starts_a_line() -> None:
    assert texts(sung_words("Code Monkey"), sung_words("get up", start=1)) == ["Code Monkey", "get up"]


def test_a_sentence_ends_its_line() -> None:
    assert texts(sung_words("Is it? It is.")) == ["Is it?", "It is."]


def test_a_pause_ends_a_line() -> None:
    assert texts(sung_words("oh") + sung_words("my love", start=2)) == ["oh", "my love"]


def test_a_long_phrase_is_split_at_a_comma_near_the_middle() -> None:
    phrase = sung_words("If you are looking for someone to blame, just take your pick of one")
    assert texts(phrase) == ["If you are looking for someone to blame,", "just take your pick of one"]


def test_a_chinese_character_takes_two_columns() -> None:
    assert len(texts([Word("歌", n * 0.3, n * 0.3 + 0.3, 0.9, spaced=False) for n in range(40)])) == 2


words = st.lists(st.from_regex(r"[a-z]{1,12}[,.!]?", fullmatch=True), min_size=1, max_size=40).map(" ".join)


@given(words)
def test_lines_fit_and_lose_no_word(text: str) -> None:
    phrase = sung_words(text)
    result = split_lines([phrase])
    assert list(chain.from_iterable(line.words for line in result)) == phrase
    assert all(len(line.text) <= LINE_WIDTH for line in result)


times = st.floats(-5, 100)


@given(st.lists(st.tuples(times, times), max_size=60), st.floats(0.5, 60))
def test_resolved_times_are_in_order_and_within_the_song(spans: list[tuple[float, float]], duration: float) -> None:
    heard = [Word("la", start, end, 0.9) for start, end in spans]
    result = resolve_overlaps(heard, duration)
    assert [word.text for word in result] == [word.text for word in heard]
    assert all(0 <= word.start < word.end <= duration + 1e-9 for word in result)
    assert all(word.end <= following.start + 1e-9 for word, following in pairwise(result))


@given(st.lists(st.tuples(times, times), max_size=60), st.floats(0.5, 60))
def test_a_time_that_moved_is_marked_as_estimated(spans: list[tuple[float, float]], duration: float) -> None:
    heard = [Word("la", start, end, 0.9) for start, end in spans]
    for before, after in zip(heard, resolve_overlaps(heard, duration), strict=True):
        assert after.estimated or after.start == before.start


def test_times_without_overlap_are_kept() -> None:
    heard = sung_words("Code Monkey get up", pause=0.1)
    assert resolve_overlaps(heard, 10) == heard


def test_words_are_regrouped_into_phrases() -> None:
    first, second = sung_words("Code Monkey"), sung_words("get up get coffee")
    assert regroup([*first, *second], [first, second]) == [first, second]
