"""Other people's programs, in environments of their own that are made when they are first wanted."""

import hashlib
import subprocess
import venv
from pathlib import Path

from deploy.local.child import StartError

ENVIRONMENTS = Path(__file__).parents[1] / ".run" / "bench" / "peers"


def python_with(*packages: str) -> Path:
    """The Python of an environment that holds `packages` (`celery==5.6.0`), and nothing of ours.

    Raises StartError with what pip said.
    """
    folder = ENVIRONMENTS / hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    python, stamp = folder / "bin" / "python", folder / "installed"
    if not stamp.exists():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *packages], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise StartError(f"pip could not install {', '.join(packages)}", done.stderr.strip()[-500:])
        stamp.touch()
    return python
