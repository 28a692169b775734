"""Seconds that it takes to separate 17 seconds of the sample song: by the `demucs` command (its start included), by
demucs' own class in a warm process, writing WAV as the command does, and by ours in a warm process, which writes five
stems and their peaks. All three are given the same weights and no random shift, so that outputs can be compared; the
last column is the greatest difference of any sample of any source from that of demucs' class, full scale being 1.
`htdemucs` is of full size and random weights. What was tried: [docs/separation.md](../docs/separation.md).
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import soundfile
from matplotlib.figure import Figure as Picture

from bench import markdown, separators
from bench.bench import Bench
from bench.figure import Goal, Measured
from bench.sides import ratio, seconds

TITLE = "Separation on this processor"
SONG = Path(__file__).parents[2] / "tests" / "song" / "river_town.ogg"
SECONDS = 17  # three segments of htdemucs
MODELS = {"htdemucs": separators.untrained_htdemucs, "embedded": separators.embedded}
COMMAND, DEMUCS, OURS = "demucs command", "demucs, warm", "ours, warm"
EQUAL = 1e-3


def measure(bench: Bench) -> Measured:
    song = bench.folder / "song.wav"
    samples, hz = soundfile.read(SONG, stop=SECONDS * soundfile.info(SONG).samplerate)
    soundfile.write(song, samples, hz)
    return {"audio_seconds": SECONDS, "models": {model: _measure(model, song, bench) for model in MODELS}}


def goals(measured: Measured) -> list[Goal]:
    return [
        goal
        for model, found in measured["models"].items()
        for goal in (
            Goal(f"{model}, of the demucs command's time", found["of_command"], at_most=1.0),
            Goal(f"{model}, difference of output", found["difference"], at_most=EQUAL, digits=6),
        )
    ]


def table(measured: Measured) -> str:
    head = ("model", "by", "seconds", "per second of audio", "of the command", "peak memory", "difference")
    rows = [
        (
            model,
            side,
            f"{median(taken):.1f}",
            f"{median(taken) / measured['audio_seconds']:.2f}",
            f"{ratio(taken, found['seconds'][COMMAND]):.2f}",
            f"{found['peak_megabytes'][side]:,.0f} MB",
            f"{found['difference']:.0e}" if side == OURS else "",
        )
        for model, found in measured["models"].items()
        for side, taken in found["seconds"].items()
    ]
    return markdown.table(head, rows, left=2)


def plot(measured: Measured, picture: Picture) -> None:
    for axes, (model, found) in zip(
        picture.subplots(1, len(measured["models"])), measured["models"].items(), strict=True
    ):
        axes.barh(list(found["seconds"]), [median(taken) for taken in found["seconds"].values()])
        axes.set(title=model, xlabel=f"seconds for {measured['audio_seconds']} s of audio")
        axes.invert_yaxis()


def _measure(model: str, song: Path, bench: Bench) -> Measured:
    bench.say(model)
    repo, out = bench.folder / f"{model}-repo", bench.folder / f"{model}-out"
    repo.mkdir()
    out.mkdir()
    peaks: dict[str, float] = {}
    with ExitStack() as stack:
        children = {
            side: stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            for side in (COMMAND, DEMUCS, OURS)
        }

        def run(side: str, separate: Callable[[str, Path, Path, Path], float]) -> None:
            peaks[side] = children[side].submit(separate, model, repo, song, out).result()

        children[COMMAND].submit(MODELS[model], repo).result()
        ways = {COMMAND: separators.by_command, DEMUCS: separators.by_demucs, OURS: separators.by_us}
        taken = seconds({side: partial(run, side, separate) for side, separate in ways.items()}, bench.runs)
        theirs, ours = out / "theirs.npz", out / "ours.npz"
        children[DEMUCS].submit(separators.sources_of_demucs, model, repo, song, theirs).result()
        children[OURS].submit(separators.sources_of_ours, model, repo, song, ours).result()
    return {
        "seconds": taken,
        "of_command": round(ratio(taken[OURS], taken[COMMAND]), 3),
        "peak_megabytes": {side: round(value) for side, value in peaks.items()},
        "difference": separators.difference(theirs, ours),
    }
