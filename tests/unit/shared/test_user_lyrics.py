import pytest

from shared.errors import PermanentError
from shared.user_lyrics import MAX_CHARACTERS, normalize, sung_lines


def test_text_is_normalized_and_loses_control_characters() -> None:
    sent = "\ufeffCafe\u0301 \r\nde\x00l\x1b Mar\u2028ol\u00e9\ttwice\r".encode()
    assert normalize(sent) == "Café\ndel Mar\nolé twice"


def test_blank_lines_are_kept_but_not_sung() -> None:
    assert normalize(b"one\n\n\ntwo\n") == "one\n\n\ntwo"
    assert sung_lines("one\n\n\ntwo") == ["one", "two"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "empty_lyrics"),
        (b" \n\t ...\n---", "empty_lyrics"),
        (b"[Chorus]\nVerse 2:\n(x2)", "empty_lyrics"),
        (b"caf\xe9", "invalid_lyrics"),
        (b"a" * (MAX_CHARACTERS + 1), "lyrics_too_long"),
        ("猴".encode() * (MAX_CHARACTERS + 1), "lyrics_too_long"),
    ],
)
def test_text_that_cannot_be_sung_is_refused(sent: bytes, code: str) -> None:
    with pytest.raises(PermanentError) as refused:
        normalize(sent)
    assert refused.value.code == code


def test_line_endings_do_not_count_toward_the_maximum_length() -> None:
    assert len(normalize(b"a\r\n" * (MAX_CHARACTERS // 2))) == MAX_CHARACTERS - 1


@pytest.mark.parametrize(
    "line",
    ["[Chorus]", "[Verse 1: both]", "Verse 1:", "verse 2", "(Chorus)", "PRE-CHORUS:", "Bridge", "Estribillo", "(x2)",
     "x3", "[ti:River]", "Verse IV", "Outro (x2)"],
)  # fmt: skip
def test_names_of_sections_and_repetitions_are_not_sung(line: str) -> None:
    assert sung_lines(f"la la\n{line}\nlo lo") == ["la la", "lo lo"]


@pytest.mark.parametrize(
    ("line", "sung"),
    [
        ("Sing it louder (x2)", "Sing it louder"),
        ("Sing it louder x2", "Sing it louder"),
        ("[00:12.34]<00:12.34>Sing <00:12.90>it", "Sing it"),
        ("Hey [softly] you", "Hey you"),
        ("A bridge over the water", "A bridge over the water"),
        ("Chorus girls dance", "Chorus girls dance"),
        ("(ooh, ooh)", "(ooh, ooh)"),
        ("2 x 4 is 8", "2 x 4 is 8"),
        ("24 hours", "24 hours"),
    ],
)
def test_sung_lines_lose_only_their_annotations(line: str, sung: str) -> None:
    assert sung_lines(line) == [sung]


def test_a_long_run_of_spaces_is_collapsed_quickly() -> None:
    assert sung_lines("verse" + " " * 15_000 + "and soul") == ["verse and soul"]
