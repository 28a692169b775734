from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.text.tokens import LONGEST_LINE, tokenize
from shared.lyrics.words import Line


def texts(line: str) -> list[str]:
    return [word.text for words in tokenize(line) for word in words]


def written(text: str) -> list[str]:
    return [Line(tuple(words)).text for words in tokenize(text)]


def test_words_end_at_spaces_and_lines_at_line_breaks() -> None:
    assert [[word.text for word in line] for line in tokenize("Sing it,\n\nlouder!")] == [["Sing", "it,"], ["louder!"]]


def test_separate_punctuation_is_attached_to_a_word() -> None:
    assert texts("- Sing - it … ¿ now ?") == ["- Sing -", "it … ¿", "now ?"]
    assert texts("rock & roll") == ["rock", "&", "roll"]


def test_chinese_and_japanese_are_split_into_characters() -> None:
    assert texts("我爱你，「北京」 ok歌") == ["我", "爱", "你，", "「北", "京」", "ok", "歌"]
    assert texts("ラーメン") == ["ラ", "ー", "メ", "ン"]
    assert written("我爱你，「北京」 ok歌") == ["我爱你，「北京」 ok歌"]


def test_thai_vowels_stay_with_their_letters() -> None:
    assert "".join(texts("ที่รัก")) == "ที่รัก"
    assert texts("ที่รัก")[0] == "ที่"


def test_korean_arabic_and_hebrew_are_split_at_spaces() -> None:
    assert texts("사랑해요 당신을") == ["사랑해요", "당신을"]
    assert texts("حبيبي يا نور العين") == ["حبيبي", "يا", "نور", "العين"]
    assert texts("שָׁלוֹם חבר") == ["שָׁלוֹם", "חבר"]


def test_a_text_without_line_breaks_is_split_into_lines() -> None:
    assert [len(line) for line in tokenize("la " * (2 * LONGEST_LINE + 1))] == [LONGEST_LINE, LONGEST_LINE, 1]


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="[]<>():："), max_size=60))
def test_no_character_of_a_line_is_lost(line: str) -> None:
    shown = "".join("".join(written(f"la {line} la")).split())
    assert shown == "".join(f"la{line}la".split())
