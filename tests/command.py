"""The command line program, as a user runs it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def karaoke(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.gateway.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
