import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.transcriber.recognition import embedded
from shared.errors import PermanentError

WEIGHTS = b"first half" + b"second half"


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the real packages by two small ones."""
    for package, parts in zip(
        ("whisper_part1", "whisper_part2"),
        (
            {"model.bin.part1": WEIGHTS[:10], "config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.txt": b"a"},
            {"model.bin.part2": WEIGHTS[10:]},
        ),
        strict=True,
    ):
        data = tmp_path / package / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").write_text("raise AssertionError('no code of a model runs')")
        for name, content in parts.items():
            (data / name).write_bytes(content)
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(embedded, "PACKAGES", ("whisper_part1", "whisper_part2"))
    files = {"config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.txt": b"a", "model.bin": WEIGHTS}
    monkeypatch.setattr(embedded, "SHA256", {name: hashlib.sha256(file).hexdigest() for name, file in files.items()})


def assembled(cache: Path) -> Path:
    folder = embedded.whisper_base(cache)
    assert folder
    return folder


def test_the_model_is_assembled(tmp_path: Path) -> None:
    folder = assembled(tmp_path / "cache")
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert {file.name for file in folder.iterdir()} == {"model.bin", "config.json", "tokenizer.json", "vocabulary.txt"}


def test_concurrent_processes_assemble_one_model(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(assembled, [tmp_path / "cache"] * 16))
    assert len(folders) == 1
    assert (folders.pop() / "model.bin").read_bytes() == WEIGHTS


@pytest.mark.parametrize("content", [WEIGHTS[:5], WEIGHTS[:-1] + b"F"])
def test_a_damaged_copy_is_assembled_again(tmp_path: Path, content: bytes) -> None:
    weights = assembled(tmp_path / "cache") / "model.bin"
    weights.write_bytes(content)
    assembled(tmp_path / "cache")
    assert weights.read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("whisper_part2/data/model.bin.part2", "model.bin"),
        ("whisper_part1/data/tokenizer.json", "tokenizer.json"),
        ("whisper_part1/data/config.json", "config.json"),
    ],
)
def test_a_damaged_package_is_rejected_and_leaves_no_copy(tmp_path: Path, part: str, name: str) -> None:
    with (tmp_path / part).open("rb+") as file:
        file.write(b"#")
    with pytest.raises(PermanentError, match=f"{name} has another checksum: reinstall") as raised:
        embedded.whisper_base(tmp_path / "cache")
    assert raised.value.code == "damaged_model"
    assert not list((tmp_path / "cache").rglob(name))


def test_without_the_packages_there_is_no_embedded_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PACKAGES", ("whisper_part1", "not_installed"))
    assert embedded.whisper_base(tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()
