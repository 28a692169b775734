import pytest

from services.transcriber.text.g2p import sounds
from services.transcriber.text.normalization import form, number, spoken


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zero"), ("7", "seven"), ("13", "thirteen"), ("20", "twenty"), ("99", "ninety nine"),
        ("100", "one hundred"),
        ("250", "two hundred fifty"), ("1000", "one thousand"), ("1066", "one thousand sixty six"),
        ("1100", "eleven hundred"), ("1905", "nineteen oh five"), ("1999", "nineteen ninety nine"),
        ("2000", "two thousand"), ("9999", "nine thousand nine hundred ninety nine"),
        ("007", "zero zero seven"), ("86753", "eight six seven five three"),
    ],
)  # fmt: skip
def test_numbers_are_said_as_in_english(digits: str, words: str) -> None:
    assert number(digits) == words


def test_every_number_up_to_9999_has_its_own_words() -> None:
    said = [number(str(value)) for value in range(10_000)]
    assert len(set(said)) == 10_000
    assert all(word.isalpha() for words in said for word in words.split())


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("24/7", "en", ["twenty", "four", "seven"]),
        ("24/7", "fr", ["24", "7"]),
        ("Don’t", "en", ["don't"]),
        ("'cause", "en", ["cause"]),
        ("R&B", "en", ["r", "and", "b"]),
        ("well-known,", "en", ["well", "known"]),
        ("٣", "en", ["three"]),
        ("²", "en", ["two"]),
        ("…", "en", []),
    ],
)
def test_a_word_is_spelled_as_it_is_spoken(text: str, language: str, words: list[str]) -> None:
    assert spoken(text, language) == words


def test_words_are_compared_without_case_accents_and_punctuation() -> None:
    assert form("Café!", "fr") == form("CAFE", "fr") == "cafe"
    assert form("Don’t", "en") == form("dont", "en")
    assert form("2", "en") == form("two", "en")
    assert form("Straße", "de") == form("STRASSE", "de")
    assert form("שָׁלוֹם", "he") == form("שלום", "he")


@pytest.mark.parametrize(
    ("word", "phones"),
    [("zork", "Z AO R K"), ("nightly", "N AY T L IY"), ("blake", "B L EY K"), ("happy", "HH AE P IY"), ("12", "")],
)
def test_an_unknown_word_gets_the_sounds_of_its_letters(word: str, phones: str) -> None:
    assert sounds(word) == phones
