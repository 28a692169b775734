"""Lines of the sample song are aligned to its real vocals again, by the engine that runs in the transcriber."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.transcriber.engine import align
from services.transcriber.settings import Settings
from shared.errors import PermanentError
from shared.lyrics.alignment import AlignmentRequest
from shared.lyrics.document import to_json
from shared.lyrics.words import Line, Metadata, Word
from tests.conftest import ROOT

SONG = ROOT / "tests/song"
TRUTH: list[list[dict[str, Any]]] = [line["words"] for line in json.loads((SONG / "truth.json").read_text())["lines"]]
METADATA = Metadata(language="en", model="base", alignment="pocketsphinx", source="heard")
SETTINGS = Settings(align_languages=frozenset({"none"}))
"""No model of a hub: pocketsphinx aligns English."""
EDITED = 1
"""The line that is aligned."""


def lyrics(language: str | None = "en") -> dict[str, Any]:
    """Return `lyrics.json` with the true words and times."""
    lines = [Line(tuple(Word(word["word"], word["start"], word["end"], 0.9) for word in line)) for line in TRUTH]
    metadata = Metadata(**{**vars(METADATA), "language": language})
    document: dict[str, Any] = json.loads(to_json(lines, metadata))
    return document


def run(tmp_path: Path, document: dict[str, Any], lines: Mapping[int, str | None]) -> dict[str, Any]:
    request = tmp_path / "alignment-1.json"
    request.write_text(AlignmentRequest(correction=1, lines=lines, document=document).model_dump_json())
    found = align(SONG / "river_town_vocals.ogg", request, tmp_path, SETTINGS)
    written: dict[str, Any] = json.loads((tmp_path / "lyrics.json").read_text())
    assert found.word_count == len([*words(written)])
    return written


def words(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return chain(*(line["words"] for line in document["lines"]))


def error_seconds(line: Mapping[str, Any]) -> float:
    """Return the median distance of the edited line's word starts from the truth."""
    pairs = zip(line["words"], TRUTH[EDITED], strict=True)
    return float(np.median([abs(word["start"] - true["start"]) for word, true in pairs]))


def squeeze(document: dict[str, Any], seconds: float) -> None:
    """Move the words of the edited line into its last `seconds`, as a careless editor may."""
    line = document["lines"][EDITED]
    start, step = line["end"] - seconds, seconds / len(line["words"])
    for index, word in enumerate(line["words"]):
        word |= {"start": round(start + index * step, 3), "end": round(start + (index + 1) * step, 3)}
        word |= {"origin": "edited", "confidence": None}


def test_words_with_wrong_times_are_found_and_other_lines_stay(tmp_path: Path) -> None:
    document = lyrics()
    squeeze(document, seconds=1)
    before = deepcopy(document)
    after = run(tmp_path, document, {EDITED: None})
    line = after["lines"][EDITED]
    assert error_seconds(before["lines"][EDITED]) > 1
    assert error_seconds(line) < 0.1
    assert {word["origin"] for word in line["words"]} == {"given"}
    for index, other in enumerate(before["lines"]):
        if index != EDITED:
            assert after["lines"][index]["words"] == other["words"]
    times = [time for word in words(after) for time in (word["start"], word["end"])]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert (after["corrected"], after["note"]) == (True, None)


def test_new_words_get_times_and_the_words_that_stay_keep_their_confidence(tmp_path: Path) -> None:
    document = lyrics()
    text = document["lines"][EDITED]["text"]
    first, rest = text.split(" ", 1)
    document["lines"][EDITED]["words"] = [{**document["lines"][EDITED]["words"][0], "text": "Wrong"}]
    document["lines"][EDITED]["words"] += lyrics()["lines"][EDITED]["words"][1:]
    line = run(tmp_path, document, {EDITED: f"{first} {rest}"})["lines"][EDITED]
    assert line["text"] == text
    assert error_seconds(line) < 0.1
    assert [word["origin"] for word in line["words"]] == ["given"] + ["heard"] * (len(line["words"]) - 1)
    assert [word["confidence"] for word in line["words"]] == [None] + [0.9] * (len(line["words"]) - 1)


def test_adjacent_lines_are_searched_between_their_neighbours(tmp_path: Path) -> None:
    document = lyrics()
    after = run(tmp_path, deepcopy(document), {1: "one two three", 2: None, 3: "four five six seven"})
    kept = [index for index in range(len(document["lines"])) if index not in (1, 2, 3)]
    assert [after["lines"][index]["words"] for index in kept] == [document["lines"][index]["words"] for index in kept]
    times = [time for word in words(after) for time in (word["start"], word["end"])]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("language", "text", "code"),
    [
        ("xx", None, "no_aligner"),
        (None, None, "no_aligner"),
        ("en", 101 * "la ", "too_many_words"),
        ("en", "猴", "words_not_found"),
    ],
)
def test_what_cannot_be_aligned_says_why(tmp_path: Path, language: str | None, text: str | None, code: str) -> None:
    with pytest.raises(PermanentError) as caught:
        run(tmp_path, lyrics(language), {EDITED: text})
    assert caught.value.code == code
