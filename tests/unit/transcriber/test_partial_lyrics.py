import json
from pathlib import Path
from typing import Any

from services.transcriber.partial_lyrics import PartialLyrics
from shared.lyrics.words import Metadata, Word
from shared.rhythm.bars import Bars

METADATA = Metadata(language=None, model="base", alignment="whisper", source="heard")


def phrase(text: str, start: float) -> list[Word]:
    return [Word(word, start + n, start + n + 0.9, 0.8) for n, word in enumerate(text.split())]


def test_the_lines_of_all_phrases_so_far_are_written_in_order_of_time_before_they_are_counted(tmp_path: Path) -> None:
    seen: list[Any] = []

    def announce(lines: int) -> None:
        document = json.loads((tmp_path / "lyrics.partial.json").read_text("utf-8"))
        assert document["partial"]
        assert len(document["lines"]) == lines
        seen.append([(line["text"], line["start"], line["bar"]) for line in document["lines"]])

    partial = PartialLyrics(tmp_path, METADATA, Bars([0.0, 2.0, 4.0, 6.0, 8.0], [1, 2, 1, 2, 1]), 20.0, announce)
    partial.add([phrase("by the river", 8.0)], "en")
    partial.add([], "en")
    partial.add([phrase("early morning", 0.0), phrase("sing", 12.0)], "en")
    assert [[text for text, *_ in lines] for lines in seen] == [
        ["by the river"],
        ["early morning", "by the river", "sing"],
    ]
    assert seen[1][0] == ("early morning", 0.0, 1)
    assert [file.name for file in tmp_path.iterdir()] == ["lyrics.partial.json"]


def test_words_whose_times_overlap_follow_each_other(tmp_path: Path) -> None:
    partial = PartialLyrics(tmp_path, METADATA, None, 20.0, lambda _: None)
    partial.add([[Word("la", 1.0, 3.0, 0.9), Word("la", 2.0, 2.5, 0.9)]], "en")
    [line] = json.loads((tmp_path / "lyrics.partial.json").read_text("utf-8"))["lines"]
    assert [(word["start"], word["end"]) for word in line["words"]] == [(1.0, 2.0), (2.0, 2.5)]
