"""The page of `make evaluate`, its cached answers and its ablations."""

from pathlib import Path

import pytest

from tests.evaluation import answer, tables, truth
from tests.evaluation.ablations import Ablation
from tests.evaluation.answer import Answer
from tests.evaluation.prepared import fingerprint
from tests.evaluation.truth import Beat, Chord, Truth, Word

PAGE = "before\n\n<!-- rhythm -->\n\nold\n\n<!-- end -->\n\nbetween\n\n<!-- lyrics -->\n<!-- end -->\nafter\n"


def test_a_table_replaces_only_its_section(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    tables.write(page, "rhythm", "new")
    tables.write(page, "rhythm", "newer")
    assert page.read_text() == PAGE.replace("old", "newer")


def test_a_missing_section_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    with pytest.raises(ValueError, match="no section for 'stems'"):
        tables.write(page, "stems", "new")


def test_a_mean_ignores_missing_values() -> None:
    assert tables.mean([1.0, None, True, 0.5]) == "0.83"
    assert tables.mean([None]) == tables.NOTHING


def test_answers_and_truth_are_read_back_unchanged(tmp_path: Path) -> None:
    beats, words = (Beat(0.5, 1), Beat(1.0, 2)), (Word("mañana", 1, 2), Word("untimed"))
    said = Answer(beats, 120.0, "2/4", 0.5, (Chord(0, 1, "Am"),), "A minor", words, "es", 0.1)
    said.write(tmp_path / "answer.json")
    assert answer.read(tmp_path / "answer.json") == said
    known = Truth("name", "tune", ("tag",), 120.0, "2/4", beats, (Chord(0, 1, "Am"),), "A minor", words, "es")
    known.write(tmp_path / "truth.json")
    assert truth.read(tmp_path / "truth.json") == known


def test_a_fingerprint_changes_with_any_file_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    source = tmp_path / "inner" / "source.py"
    source.write_text("1")
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    source.write_text("2")
    assert fingerprint(tmp_path) != before


CONSTANT = 1


def test_an_ablation_is_reverted() -> None:
    with Ablation("a constant", "rhythm", f"{__name__}:CONSTANT", lambda before: before + 1).applied():
        assert globals()["CONSTANT"] == 2
    assert CONSTANT == 1


def test_the_version_of_an_ablation_changes_with_its_replacement() -> None:
    one, other = (Ablation("", "rhythm", "", instead).version for instead in (lambda _: 1, lambda _: 2))
    assert one != other
