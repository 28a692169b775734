"""Separate Python environments for packages that this project does not use."""

import shutil
import subprocess
import venv
from pathlib import Path

from tests.evaluation.datasets import RUN
from tests.evaluation.system import NotInstalledError

ENVIRONMENTS = RUN / "peers"


def environment(name: str, package: str) -> Path:
    """Return the environment's Python. Raises NotInstalledError with the last line of pip's error output."""
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    if not (folder / package).is_file():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", package], check=False, capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(folder)
            raise NotInstalledError(f"pip install {package}: {done.stderr.strip().splitlines()[-1]}")
        (folder / package).touch()
    return python
