from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.text.lyrics import Word
from services.transcriber.text.phrasing import LINE_WIDTH, lines, missed, reshaped, settled
from tests.unit.transcriber.sung import sung


def texts(*phrases: list[Word]) -> list[str]:
    return [line.text for line in lines(phrases)]


def test_a_phrase_that_fits_is_one_line() -> None:
    assert texts(sung("Code Monkey get up get coffee")) == ["Code Monkey get up get coffee"]


def test_every_phrase_starts_a_line() -> None:
    assert texts(sung("Code Monkey"), sung("get up", start=1)) == ["Code Monkey", "get up"]


def test_a_sentence_ends_its_line() -> None:
    assert texts(sung("Is it? It is.")) == ["Is it?", "It is."]


def test_a_pause_ends_a_line() -> None:
    assert texts(sung("oh") + sung("my love", start=2)) == ["oh", "my love"]


def test_a_long_phrase_is_cut_at_a_comma_near_the_middle() -> None:
    phrase = sung("If you are looking for someone to blame, just take your pick of one")
    assert texts(phrase) == ["If you are looking for someone to blame,", "just take your pick of one"]


def test_chinese_takes_two_columns_a_character() -> None:
    assert len(texts([Word("歌", n * 0.3, n * 0.3 + 0.3, 0.9, spaced=False) for n in range(40)])) == 2


words = st.lists(st.from_regex(r"[a-z]{1,12}[,.!]?", fullmatch=True), min_size=1, max_size=40).map(" ".join)


@given(words)
def test_lines_fit_and_lose_no_word(text: str) -> None:
    phrase = sung(text)
    result = lines([phrase])
    assert list(chain.from_iterable(line.words for line in result)) == phrase
    assert all(len(line.text) <= LINE_WIDTH for line in result)


times = st.floats(-5, 100)


@given(st.lists(st.tuples(times, times), max_size=60), st.floats(0.5, 60))
def test_settled_times_are_in_order_and_within_the_song(spans: list[tuple[float, float]], duration: float) -> None:
    heard = [Word("la", start, end, 0.9) for start, end in spans]
    result = settled(heard, duration)
    assert [word.text for word in result] == [word.text for word in heard]
    assert all(0 <= word.start < word.end <= duration + 1e-9 for word in result)
    assert all(word.end <= following.start + 1e-9 for word, following in pairwise(result))


@given(st.lists(st.tuples(times, times), max_size=60), st.floats(0.5, 60))
def test_a_time_that_had_to_move_is_called_estimated(spans: list[tuple[float, float]], duration: float) -> None:
    heard = [Word("la", start, end, 0.9) for start, end in spans]
    for before, after in zip(heard, settled(heard, duration), strict=True):
        assert after.estimated or after.start == before.start


def test_good_times_stay_as_they_are() -> None:
    heard = sung("Code Monkey get up", pause=0.1)
    assert settled(heard, 10) == heard


def test_words_fall_back_into_their_phrases() -> None:
    first, second = sung("Code Monkey"), sung("get up get coffee")
    assert reshaped([*first, *second], [first, second]) == [first, second]


def test_a_voice_without_words_is_missed() -> None:
    phrases = [(1.0, 4.0), (7.0, 9.5)]
    assert missed([(0.5, 12.0)], phrases) == [(4.0, 7.0), (9.5, 12.0)]
    assert missed([(0.0, 12.0)], []) == [(0.0, 12.0)]


def test_a_breath_between_phrases_is_not() -> None:
    assert missed([(0.0, 10.0)], [(0.5, 4.0), (5.5, 9.0)]) == []
    assert missed([(0.0, 4.0), (20.0, 23.0)], [(0.0, 4.5), (19.0, 24.0)]) == []


def test_phrases_may_begin_before_the_voice_is_noticed_and_overlap() -> None:
    assert missed([(2.0, 10.0)], [(1.0, 3.0), (2.5, 3.5), (6.0, 11.0)]) == [(3.5, 6.0)]
