"""The share of the words that are probably wrong, and the doubtful ones."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.lyrics import formats
from shared.lyrics.document import line_fields, lines_of, to_json
from shared.lyrics.review import Source, wrong
from shared.lyrics.words import Line, Metadata, Word

METADATA = Metadata(language="en", model="base", alignment="whisper", source="heard")
SOURCES: tuple[Source, ...] = ("heard", "given", "found")


def line(*confidences: float, estimated: bool = False) -> Line:
    return Line(tuple(Word("la", at / 2, at / 2 + 0.5, sure, estimated) for at, sure in enumerate(confidences)))


def document(*lines: Line, source: Source = "heard") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(lines, replace(METADATA, source=source)))
    return found


def marks(found: dict[str, Any]) -> list[list[bool]]:
    return [[word["doubtful"] for word in each["words"]] for each in found["lines"]]


def test_words_that_whisper_was_not_certain_of_are_doubtful() -> None:
    found = document(line(0.95, 0.9, 0.1, 0.95), line(0.95, 0.95))
    assert marks(found) == [[False, False, True, False], [False, False]]
    assert [each["doubtful"] for each in found["lines"]] == [True, False]
    assert found["doubtful_line_count"] == 1
    assert 0.05 < found["review"] < 0.3


@pytest.mark.parametrize("source", SOURCES)
def test_the_review_of_a_song_is_the_mean_probability_of_its_words(source: Source) -> None:
    found = document(line(0.9, 0.1), line(0.5), line(0.3, 0.4, 0.2), source=source)
    each = [probability for words in lines_of(found) for probability in wrong(words, source)]
    assert found["review"] == pytest.approx(fmean(each), abs=0.001)


def test_times_of_given_words_that_were_not_heard_are_doubtful() -> None:
    found = document(line(0.0, 0.0, 0.0, estimated=True), line(0.9, 0.8, 0.9), source="given")
    assert marks(found) == [[True] * 3, [False] * 3]


def test_times_of_given_words_between_heard_ones_or_from_a_karaoke_file_are_not_doubtful() -> None:
    between = document(line(0.9, 0.0, 0.8, estimated=True), source="given")
    exact = document(line(0.0, 0.0), source="given")
    assert (marks(between), marks(exact)) == ([[False] * 3], [[False] * 2])


@pytest.mark.parametrize("source", SOURCES)
@given(confidences=st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1), seconds=st.floats(0, 1e9))
def test_it_is_a_probability_and_edited_words_are_right(
    source: Source, confidences: Sequence[float | None], seconds: float
) -> None:
    words = [{"start": 0.0, "end": seconds, "confidence": sure} for sure in confidences]
    for sure, probability in zip(confidences, wrong(words, source), strict=True):
        assert 0 <= probability <= 1
        assert (probability == 0) == (sure is None)


def test_less_certain_and_faster_words_are_more_likely_wrong() -> None:
    def probability(confidence: float, seconds: float) -> float:
        return wrong([{"start": 0.0, "end": seconds, "confidence": confidence}] * 5, "heard")[0]

    assert probability(0.3, 2) > probability(0.6, 2) > probability(0.9, 2)
    assert probability(0.6, 1) > probability(0.6, 2) > probability(0.6, 4)


def test_a_song_without_words_has_nothing_to_review(tmp_path: Path) -> None:
    result = formats.write(tmp_path, [], METADATA)
    assert (result.review, result.doubtful_line_count) == (0, 0)
    assert document()["review"] == 0


def test_the_event_says_the_same_as_the_file(tmp_path: Path) -> None:
    result = formats.write(tmp_path, [line(0.1, 0.2), line(0.9)], METADATA)
    written = json.loads((tmp_path / "lyrics.json").read_text("utf-8"))
    assert (result.review, result.doubtful_line_count) == (written["review"], written["doubtful_line_count"])
    assert result.doubtful_line_count == 1


def test_a_line_of_edited_words_is_certain() -> None:
    words = [word | {"confidence": None} for word in lines_of(document(line(0.1, 0.1)))[0]]
    fields = line_fields(words, "heard")
    assert (fields["review"], fields["doubtful"]) == (0, False)
