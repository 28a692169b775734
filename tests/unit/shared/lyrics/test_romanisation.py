"""Readings in Latin letters."""

import json

import pytest

from shared.lyrics import romanisation
from shared.lyrics.document import to_json
from shared.lyrics.romanisation import romanised
from shared.lyrics.words import Line, Metadata, Word

METADATA = Metadata(language="ja", model="base", alignment="whisper", source="heard")


@pytest.mark.parametrize(
    ("text", "language", "reading"),
    [
        ("夜空に咲く花火を見ていた", "ja", "yozora ni saku hanabi wo mite ita"),
        ("さよならは言わないで", None, "sayonara wa iwanaide"),
        ("夜空", "ja", "yozora"),
        ("月亮代表我的心", "zh", "yuè liàng dài biǎo wǒ de xīn"),
        ("银行，音乐！", "zh", "yín háng, yīn yuè!"),
        ("같이 걸을까 baby", "ko", "gachi georeulkka baby"),
        ("사랑했나봐", None, "saranghaennabwa"),
        ("Code Monkey", "en", None),
        ("Калинка", "ru", None),
        ("שלום", "he", None),
        ("♪", None, None),
    ],
)
def test_lines_are_read_as_they_are_pronounced(text: str, language: str | None, reading: str | None) -> None:
    assert romanised(text, language) == reading


def test_there_are_no_readings_without_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(romanisation, "find_spec", lambda _: None)
    for read in (romanisation._japanese, romanisation._chinese, romanisation._korean):
        monkeypatch.setattr(romanisation, read.__name__, read.__wrapped__)
    assert [romanised(text, None) for text in ("夜空に", "月亮", "사랑")] == [None] * 3


def test_only_lines_in_these_scripts_have_the_field() -> None:
    lines = [Line((Word(text, at, at + 0.5, 0.9),)) for at, text in enumerate(("夜空に", "Baby"))]
    first, second = json.loads(to_json(lines, METADATA))["lines"]
    assert first["romanised"] == "yozora ni"
    assert "romanised" not in second
