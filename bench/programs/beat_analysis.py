"""Script that analyses the beats of songs: `python -m bench.programs.beat_analysis [--refined] SONG...`.

With `--refined`, each song is also its own drum stem. Prints after each song the process's peak of resident memory so
far, in megabytes.
"""

import argparse
import tempfile
from pathlib import Path

from services.beats import rhythm
from services.beats.settings import Settings
from shared.events import Options
from shared.worker.inputs import Inputs


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--refined", action="store_true")
    parser.add_argument("songs", nargs="+", type=Path)
    arguments = parser.parse_args()
    rhythm.warm(Settings())
    for song in arguments.songs:
        inputs = Inputs(song, drums=song if arguments.refined else None)
        with tempfile.TemporaryDirectory() as out:
            rhythm.analyse(inputs, Path(out), Options(), Settings(), lambda _: None)
        print(round(_peak()))


def _peak() -> float:
    """Return megabytes. Unlike `ru_maxrss`, the value does not include the parent's memory from before `exec`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
