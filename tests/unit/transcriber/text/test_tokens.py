from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.text.lyrics import Line
from services.transcriber.text.tokens import LONGEST_LINE, untimed


def texts(line: str) -> list[str]:
    return [word.text for words in untimed(line) for word in words]


def written(text: str) -> list[str]:
    return [Line(tuple(words)).text for words in untimed(text)]


def test_words_end_at_spaces_and_lines_where_the_user_ended_them() -> None:
    assert [[word.text for word in line] for line in untimed("Sing it,\n\nlouder!")] == [["Sing", "it,"], ["louder!"]]


def test_punctuation_that_stands_alone_belongs_to_a_word() -> None:
    assert texts("- Sing - it … ¿ now ?") == ["- Sing -", "it … ¿", "now ?"]
    assert texts("rock & roll") == ["rock", "&", "roll"]


def test_chinese_and_japanese_are_sung_by_the_character() -> None:
    assert texts("我爱你，「北京」 ok歌") == ["我", "爱", "你，", "「北", "京」", "ok", "歌"]
    assert texts("ラーメン") == ["ラ", "ー", "メ", "ン"]
    assert written("我爱你，「北京」 ok歌") == ["我爱你，「北京」 ok歌"]


def test_thai_keeps_its_vowels_with_the_letters() -> None:
    assert "".join(texts("ที่รัก")) == "ที่รัก"
    assert texts("ที่รัก")[0] == "ที่"


def test_korean_arabic_and_hebrew_have_spaces() -> None:
    assert texts("사랑해요 당신을") == ["사랑해요", "당신을"]
    assert texts("حبيبي يا نور العين") == ["حبيبي", "يا", "نور", "العين"]
    assert texts("שָׁלוֹם חבר") == ["שָׁלוֹם", "חבר"]


def test_a_text_without_line_breaks_is_read_in_parts() -> None:
    assert [len(line) for line in untimed("la " * (2 * LONGEST_LINE + 1))] == [LONGEST_LINE, LONGEST_LINE, 1]


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="[]<>()"), max_size=60))
def test_no_character_of_a_line_is_lost(line: str) -> None:
    shown = "".join("".join(written(f"la {line} la")).split())
    assert shown == "".join(f"la{line}la".split())
