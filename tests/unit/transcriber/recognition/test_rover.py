from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.recognition.rover import combine, combine_phrases
from shared.lyrics.words import Word


def said(text: str, confidence: float = 0.8, *, start: float = 0.0, each: float = 0.4) -> list[Word]:
    return [Word(word, start + n * each, start + (n + 1) * each, confidence) for n, word in enumerate(text.split())]


def text(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def test_the_word_with_more_confidence_wins() -> None:
    assert (
        text(combine([said("you start the story", 0.5), said("We start the story", 0.9)], "en")) == "We start the story"
    )


def test_two_equal_words_outvote_one_with_more_confidence() -> None:
    transcripts = [said("rob say", 0.5), said("rob say", 0.5), said("routes say", 0.9)]
    assert text(combine(transcripts, "en")) == "rob say"


def test_a_word_takes_the_time_of_the_first_transcript() -> None:
    (word,) = combine([said("sink", 0.3, start=2.0), said("sing", 0.9, start=2.3)], "en")
    assert (word.text, word.start, word.end) == ("sing", 2.0, 2.4)


def test_a_word_in_one_of_two_transcripts_needs_confidence() -> None:
    short, long = said("over"), [*said("over"), Word("there", 0.4, 0.8, 0.9)]
    assert text(combine([short, long], "en")) == text(combine([long, short], "en")) == "over there"
    doubted = [*said("over"), Word("there", 0.4, 0.8, 0.2)]
    assert text(combine([short, doubted], "en")) == text(combine([doubted, short], "en")) == "over"


def test_case_and_punctuation_are_ignored() -> None:
    assert text(combine([said("Sing, it!"), said("sing it")], "en")) == "Sing, it!"


def test_the_same_word_at_another_time_is_another_word() -> None:
    words = combine([said("stay", start=0.0), said("stay", start=5.0)], "en")
    assert [word.start for word in words] == [0.0, 5.0]


def test_phrases_are_those_of_the_first_transcript() -> None:
    first = [said("code monkey get up", 0.9), said("go to jog", 0.4, start=3)]
    second = [[*said("code monkey get up", 0.9), *said("go to job", 0.9, start=3.1)]]
    assert [text(phrase) for phrase in combine_phrases([first, second], "en")] == ["code monkey get up", "go to job"]


def test_one_transcript_is_kept_and_none_gives_nothing() -> None:
    phrase = said("sing it", 0.1)
    assert combine_phrases([[phrase]], "en") == [phrase]
    assert combine_phrases([[], []], "en") == []


words = st.lists(
    st.tuples(st.sampled_from(["sing", "it", "loud", "24", "我", "..."]), st.floats(0, 9), st.floats(0, 1)), max_size=9
)


@given(st.lists(words, min_size=1, max_size=3))
def test_every_word_comes_from_a_transcript(transcripts: list[list[tuple[str, float, float]]]) -> None:
    rows = [
        [Word(text, start, start + 0.3, belief) for text, start, belief in sorted(row, key=lambda each: each[1])]
        for row in transcripts
    ]
    result = combine(rows, "en")
    assert {word.text for word in result} <= {word.text for row in rows for word in row}
    assert len(result) <= sum(map(len, rows))
    assert combine([rows[0], rows[0]], "en") == rows[0]
