"""The page that `make evaluate` writes, what is kept between its runs, and what is taken out."""

from pathlib import Path

import pytest

from tests.evaluation import answer, tables, truth
from tests.evaluation.ablations import ABLATIONS, Ablation
from tests.evaluation.answer import Answer
from tests.evaluation.truth import Beat, Chord, Truth, Word
from tests.evaluation.workshop import fingerprint

PAGE = "before\n\n<!-- rhythm -->\n\nold\n\n<!-- end -->\n\nbetween\n\n<!-- lyrics -->\n<!-- end -->\nafter\n"


def test_a_table_replaces_what_stood_in_its_place_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    tables.write(page, "rhythm", "new")
    tables.write(page, "rhythm", "newer")
    assert page.read_text() == PAGE.replace("old", "newer")


def test_a_page_without_the_place_is_told(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    with pytest.raises(ValueError, match="no place for 'stems'"):
        tables.write(page, "stems", "new")


def test_a_mean_is_of_what_is_there() -> None:
    assert tables.mean([1.0, None, True, 0.5]) == "0.83"
    assert tables.mean([None]) == tables.NOTHING


def test_answers_and_truth_are_read_as_they_were_written(tmp_path: Path) -> None:
    beats, words = (Beat(0.5, 1), Beat(1.0, 2)), (Word("mañana", 1, 2), Word("untimed"))
    said = Answer(beats, 120.0, "2/4", 0.5, (Chord(0, 1, "Am"),), "A minor", words, "es", 0.1)
    said.write(tmp_path / "answer.json")
    assert answer.read(tmp_path / "answer.json") == said
    known = Truth("name", "tune", ("tag",), 120.0, "2/4", beats, (Chord(0, 1, "Am"),), "A minor", words, "es")
    known.write(tmp_path / "truth.json")
    assert truth.read(tmp_path / "truth.json") == known


def test_a_fingerprint_changes_with_any_source_below(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    source = tmp_path / "inner" / "source.py"
    source.write_text("1")
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    source.write_text("2")
    assert fingerprint(tmp_path) != before


CONSTANT = 1


def test_what_is_taken_out_is_put_back() -> None:
    with Ablation("a constant", "rhythm", f"{__name__}:CONSTANT", lambda before: before + 1).taken_out():
        assert globals()["CONSTANT"] == 2
    assert CONSTANT == 1


@pytest.mark.parametrize("ablation", ABLATIONS, ids=lambda ablation: ablation.says)
def test_what_is_to_be_taken_out_is_there(ablation: Ablation) -> None:
    with ablation.taken_out():
        pass


def test_an_ablation_that_does_something_else_is_another_one() -> None:
    one, other = (Ablation("", "rhythm", "", instead).version for instead in (lambda _: 1, lambda _: 2))
    assert one != other
