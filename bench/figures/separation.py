"""Seconds to separate 17 seconds of the sample song: by the `demucs` command including its start, by demucs' own class
in a warm process that writes WAV like the command, and by our engine in a warm process that writes five stems and their
waveforms. All three use the same weights and no random shift, so that the outputs can be compared. The last column is
the greatest difference of any sample of any source from the output of demucs' class, where full scale is 1. `htdemucs`
has full size and random weights. [docs/separation.md](../docs/separation.md) lists what was tried.
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
from bench.audio import SAMPLE
from bench.comparison import alternating_seconds, ratio
from bench.figure import Bench, Goal, Measured

TITLE = "Separation on this processor"
SECONDS = 17  # three segments of htdemucs
MODELS = {"htdemucs": separators.untrained_htdemucs, "embedded": separators.embedded}
COMMAND, DEMUCS, OURS = "demucs command", "demucs, warm", "ours, warm"
MAX_DIFFERENCE = 1e-3


def measure(bench: Bench) -> Measured:
    song = bench.folder / "song.wav"
    samples, hz = soundfile.read(SAMPLE, stop=SECONDS * soundfile.info(SAMPLE).samplerate)
    soundfile.write(song, samples, hz)
    return {"audio_seconds": SECONDS, "models": {model: _measure(model, song, bench) for model in MODELS}}


def goals(measured: Measured) -> list[Goal]:
    return [
        goal
        for model, found in measured["models"].items()
        for goal in (
            Goal(f"{model}, time relative to the demucs command", found["of_command"], at_most=1.0),
            Goal(f"{model}, difference of output", found["difference"], at_most=MAX_DIFFERENCE, digits=6),
        )
    ]


def table(measured: Measured) -> str:
    head = ("model", "by", "seconds", "per second of audio", "relative to the command", "peak memory", "difference")
    rows = [
        (
            model,
            program,
            f"{median(taken):.1f}",
            f"{median(taken) / measured['audio_seconds']:.2f}",
            f"{ratio(taken, found['seconds'][COMMAND]):.2f}",
            f"{found['peak_megabytes'][program]:,.0f} MB",
            f"{found['difference']:.0e}" if program == OURS else "",
        )
        for model, found in measured["models"].items()
        for program, taken in found["seconds"].items()
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
    bench.log(model)
    repo, out = bench.folder / f"{model}-repo", bench.folder / f"{model}-out"
    repo.mkdir()
    out.mkdir()
    peaks: dict[str, float] = {}
    with ExitStack() as stack:
        children = {
            program: stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            for program in (COMMAND, DEMUCS, OURS)
        }

        def run(program: str, separate: Callable[[str, Path, Path, Path], float]) -> None:
            peaks[program] = children[program].submit(separate, model, repo, song, out).result()

        children[COMMAND].submit(MODELS[model], repo).result()
        programs = {COMMAND: separators.by_command, DEMUCS: separators.by_demucs, OURS: separators.by_engine}
        taken = alternating_seconds(
            {program: partial(run, program, separate) for program, separate in programs.items()}, bench.runs
        )
        demucs, ours = out / "demucs.npz", out / "ours.npz"
        children[DEMUCS].submit(separators.sources_of_demucs, model, repo, song, demucs).result()
        children[OURS].submit(separators.sources_of_engine, model, repo, song, ours).result()
    return {
        "seconds": taken,
        "of_command": round(ratio(taken[OURS], taken[COMMAND]), 3),
        "peak_megabytes": {program: round(value) for program, value in peaks.items()},
        "difference": separators.difference(demucs, ours),
    }
