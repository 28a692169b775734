"""Peak of resident memory of a process that analyses the beats of one song, after it has warmed up: of the song alone,
and with a drum stem, as after the separation. The song is the sample song, repeated to each length; it is its own drum
stem. Nothing is compared here.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.audio import write_sample
from bench.figure import Bench, Goal, Measured

TITLE = "Memory for long songs"
MINUTES: Final = (1, 4, 30)
PASSES: Final = {"alone": [], "with drums": ["--refined"]}
MAX_MEGABYTES: Final = 700


def measure(bench: Bench) -> Measured:
    found: Measured = {name: {} for name in PASSES}
    for minutes in MINUTES:
        song = write_sample(bench.folder / "song.flac", 60 * minutes)
        for name, options in PASSES.items():
            bench.log(f"{minutes} min, {name}")
            found[name][str(minutes)] = _megabytes(song, options)
    return {"megabytes": found}


def goals(measured: Measured) -> list[Goal]:
    peak = max(max(lengths.values()) for lengths in measured["megabytes"].values())
    return [Goal(f"beats of {max(MINUTES)} minutes", peak, at_most=MAX_MEGABYTES, unit=" MB", digits=0)]


def table(measured: Measured) -> str:
    rows = [
        (f"{minutes} min", *(f"{lengths[str(minutes)]:,} MB" for lengths in measured["megabytes"].values()))
        for minutes in MINUTES
    ]
    return markdown.table(("song", *measured["megabytes"]), rows)


def plot(measured: Measured, picture: Picture) -> None:
    axes = picture.subplots()
    for name, lengths in measured["megabytes"].items():
        axes.plot(MINUTES, list(lengths.values()), "o-", label=name)
    axes.set(xlabel="minutes", ylabel="MB", ylim=(0, None))
    axes.legend()


def _megabytes(song: Path, options: list[str]) -> int:
    command = [sys.executable, "-m", "bench.programs.beat_analysis", *options, str(song)]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)
