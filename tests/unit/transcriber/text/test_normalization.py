import pytest

from services.transcriber.text.g2p import pronounce
from services.transcriber.text.normalization import normalize, spell_number, spoken_words


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
def test_numbers_are_spelled_out_in_english(digits: str, words: str) -> None:
    assert spell_number(digits) == words


def test_every_number_up_to_9999_has_its_own_words() -> None:
    said = [spell_number(str(value)) for value in range(10_000)]
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
def test_a_written_word_becomes_its_spoken_words(text: str, language: str, words: list[str]) -> None:
    assert spoken_words(text, language) == words


def test_words_are_compared_without_case_accents_and_punctuation() -> None:
    assert normalize("Café!", "fr") == normalize("CAFE", "fr") == "cafe"
    assert normalize("Don’t", "en") == normalize("dont", "en")
    assert normalize("2", "en") == normalize("two", "en")
    assert normalize("Straße", "de") == normalize("STRASSE", "de")
    assert normalize("שָׁלוֹם", "he") == normalize("שלום", "he")


@pytest.mark.parametrize(
    ("word", "phones"),
    [("zork", "Z AO R K"), ("nightly", "N AY T L IY"), ("blake", "B L EY K"), ("happy", "HH AE P IY"), ("12", "")],
)
def test_an_unknown_word_is_pronounced_by_rules(word: str, phones: str) -> None:
    assert pronounce(word) == phones
