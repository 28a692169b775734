from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.recognition.rover import elected, voted
from services.transcriber.text.lyrics import Word


def said(text: str, confidence: float = 0.8, *, start: float = 0.0, each: float = 0.4) -> list[Word]:
    return [Word(word, start + n * each, start + (n + 1) * each, confidence) for n, word in enumerate(text.split())]


def text(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def test_the_more_believed_word_wins() -> None:
    assert (
        text(elected([said("you start the story", 0.5), said("We start the story", 0.9)], "en")) == "We start the story"
    )


def test_two_that_agree_outvote_one_that_believes_more() -> None:
    hearings = [said("rob say", 0.5), said("rob say", 0.5), said("routes say", 0.9)]
    assert text(elected(hearings, "en")) == "rob say"


def test_a_word_keeps_the_time_of_the_first_hearing() -> None:
    (word,) = elected([said("sink", 0.3, start=2.0), said("sing", 0.9, start=2.3)], "en")
    assert (word.text, word.start, word.end) == ("sing", 2.0, 2.4)


def test_a_word_that_only_one_of_two_hears_has_to_be_believed() -> None:
    short, long = said("over"), [*said("over"), Word("there", 0.4, 0.8, 0.9)]
    assert text(elected([short, long], "en")) == text(elected([long, short], "en")) == "over there"
    doubted = [*said("over"), Word("there", 0.4, 0.8, 0.2)]
    assert text(elected([short, doubted], "en")) == text(elected([doubted, short], "en")) == "over"


def test_case_and_punctuation_do_not_matter() -> None:
    assert text(elected([said("Sing, it!"), said("sing it")], "en")) == "Sing, it!"


def test_the_same_word_at_another_time_is_another_word() -> None:
    words = elected([said("stay", start=0.0), said("stay", start=5.0)], "en")
    assert [word.start for word in words] == [0.0, 5.0]


def test_phrases_are_those_of_the_first_hearing() -> None:
    first = [said("code monkey get up", 0.9), said("go to jog", 0.4, start=3)]
    second = [[*said("code monkey get up", 0.9), *said("go to job", 0.9, start=3.1)]]
    assert [text(phrase) for phrase in voted([first, second], "en")] == ["code monkey get up", "go to job"]


def test_one_hearing_elects_itself_and_none_nothing() -> None:
    phrase = said("sing it", 0.1)
    assert voted([[phrase]], "en") == [phrase]
    assert voted([[], []], "en") == []


words = st.lists(
    st.tuples(st.sampled_from(["sing", "it", "loud", "24", "我", "..."]), st.floats(0, 9), st.floats(0, 1)), max_size=9
)


@given(st.lists(words, min_size=1, max_size=3))
def test_nothing_is_elected_that_nobody_heard(hearings: list[list[tuple[str, float, float]]]) -> None:
    rows = [
        [Word(text, start, start + 0.3, belief) for text, start, belief in sorted(row, key=lambda each: each[1])]
        for row in hearings
    ]
    result = elected(rows, "en")
    assert {word.text for word in result} <= {word.text for row in rows for word in row}
    assert len(result) <= sum(map(len, rows))
    assert elected([rows[0], rows[0]], "en") == rows[0]
