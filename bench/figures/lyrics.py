"""The transcription of the sample song, cut or repeated to each length, in one process with loaded models. It is
compared with one pass of faster-whisper over the same vocals: the same weights (whisper base, int8), beams of 5, word
times, and all processors. All read the stems of the embedded separator. Ours includes finding the voice, the language
of each part, second passes where words are doubtful, alignment, and writing all formats. `first lines` is when the
first lines that are certain can be read.

The batched faster-whisper cuts the vocals at rests that its own voice detector finds. It is a peer, not the yardstick.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from statistics import median
from typing import Final

from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.audio import write_sample
from bench.comparison import ratio
from bench.figure import Bench, Goal, Measured

TITLE = "Lyrics"
SECONDS: Final = (20, 45, 150, 240)
OURS, FIRST_LINES, PLAIN, BATCHED = "ours", "ours, first lines", "faster-whisper", "faster-whisper, batched"


def measure(bench: Bench) -> Measured:
    songs = [write_sample(bench.folder / f"{seconds}.flac", seconds) for seconds in SECONDS]
    command = [sys.executable, "-m", "bench.programs.transcription", str(bench.runs), *map(str, songs)]
    return {"seconds": json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)}


def goals(measured: Measured) -> list[Goal]:
    return [
        Goal(f"{seconds} s, time relative to one plain pass", ratio(runs[OURS], runs[PLAIN]), at_most=1.3)
        for seconds, runs in measured["seconds"].items()
    ]


def table(measured: Measured) -> str:
    head = ("song", OURS, "first lines", PLAIN, "batched", "ours : plain", "ours : batched")
    return markdown.table(head, [_row(seconds, runs) for seconds, runs in measured["seconds"].items()])


def plot(measured: Measured, picture: Picture) -> None:
    axes = picture.subplots()
    for program in (OURS, FIRST_LINES, PLAIN, BATCHED):
        axes.plot(SECONDS, [median(runs[program]) for runs in measured["seconds"].values()], "o-", label=program)
    axes.set(xlabel="seconds of song", ylabel="seconds", ylim=(0, None))
    axes.legend()


def _row(seconds: str, runs: dict[str, Sequence[float]]) -> list[str]:
    absolute = [f"{median(runs[program]):.1f} s" for program in (OURS, FIRST_LINES, PLAIN, BATCHED)]
    return [f"{seconds} s", *absolute, *(f"{ratio(runs[OURS], runs[other]):.2f}" for other in (PLAIN, BATCHED))]
