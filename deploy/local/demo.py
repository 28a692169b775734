"""The demo: process one song with all services."""

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from deploy.local.backing import backing
from deploy.local.child import DIES_WITH_PARENT
from deploy.local.stack import Stack, stack

ROOT = Path(__file__).parents[2]
TRUTH = ROOT / "tests" / "song" / "truth.json"

SETTINGS = {"LOG_FORMAT": "console", "GRACE_SECONDS": "3"}


def demo(folder: Path) -> int:
    """Start everything in an empty `folder`, process the sample song, and stop everything.

    Returns the client's exit code. Raises `StartError`, also when a service ends unexpectedly.
    """
    shutil.rmtree(folder, ignore_errors=True)
    song = TRUTH.parent / json.loads(TRUTH.read_text())["file"]
    results = folder / "results"
    console = Console()
    console.print("Starting RabbitMQ, MongoDB and five services; loading the models takes a while.")
    with (
        console.status("starting RabbitMQ and MongoDB") as status,
        backing(folder) as urls,
        stack(folder, {**urls, **SETTINGS}) as running,
    ):
        running.wait(lambda names: status.update(f"waiting for {', '.join(names)}"))
        status.stop()
        console.print(f"All services are ready. Their logs: {_short(folder / 'logs')}")
        code = _process(song, running, results)
        status.update("stopping everything")
        status.start()
    if code == 0:
        console.print(f"The results are in {_short(results)}. To sing from the page: make up")
    return code


def _process(song: Path, running: Stack, results: Path) -> int:
    """Run the command line client, as a user would, while all services run."""
    karaoke = Path(sys.executable).with_name("karaoke")
    command = [*DIES_WITH_PARENT, karaoke, "process", song, "--url", running.url, "--out", results]
    with subprocess.Popen(command) as client:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return client.wait(timeout=1)
                running.check()
        finally:
            client.terminate()


def _short(path: Path) -> Path:
    """Return the path relative to the working directory where possible."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
