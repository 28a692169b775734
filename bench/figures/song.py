"""The sample song, shortened and uploaded to services with loaded models, from the first byte of the upload to the
event of the job's end. It is compared with (a) the limit: decoding and the same engines in one process with loaded
models, with the beats before or during the separation, whichever is faster here; and (b) the command lines that a user
would type: `demucs` without shifts, `whisperx` (int8, the same weights, no alignment) on its vocals, and a script with
librosa. All have the same input and models. The embedded models do all three tasks. Full-size `htdemucs` with random
weights only separates and has the beats analysed, because its output contains no voice.

The services can be faster than the limit: in one process with torch and its threads, whisper took 14 to 15 s for the
clip from the second song on; in a process of its own it took 11 to 12 s.

The refinement of the beats is not included, because it is not part of the job, and the next run starts after it. Then
ten songs are submitted at once: the separator is busy from when it takes a song until it publishes the result.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, Final

from matplotlib.figure import Figure as Picture

from bench import markdown, separators
from bench.audio import write_sample
from bench.clients import JobClient
from bench.comparison import ratio
from bench.figure import Bench, Goal, Measured
from bench.services import ALL, running
from bench.song_runs import EngineProcess, SongComparison, separator_load
from services.transcriber.recognition.embedded import whisper_base
from services.transcriber.settings import Settings

TITLE = "A song"
EMBEDDED, FULL = "embedded models", "full-size htdemucs"
SECONDS: Final = {EMBEDDED: 20, FULL: 8}
QUEUE = 10
NO_TRANSCRIPTION: Final = {"model": "htdemucs", "tasks": "stem_separation,beat_analysis"}


def measure(bench: Bench) -> Measured:
    clips = {name: write_sample(bench.folder / f"{seconds}s.ogg", seconds) for name, seconds in SECONDS.items()}
    repo = _checkpoints(bench.folder / "repo")
    env = {"DEMUCS_MODEL": "embedded", "DEMUCS_REPO": str(repo), "GRACE_SECONDS": "1"}
    whisper = whisper_base(Settings().cache_folder)
    comparisons = {
        EMBEDDED: (SongComparison(clips[EMBEDDED], {}, repo, "embedded", whisper), bench.runs),
        # The commands are much slower, so they run less often.
        FULL: (SongComparison(clips[FULL], NO_TRANSCRIPTION, repo, "htdemucs", None), (bench.runs + 1) // 2),
    }
    with (
        EngineProcess(env, bench.folder / "logs" / "engines.log") as engines,
        running(bench, ALL, env, real=True) as services,
        JobClient(services.gateway_url) as client,
    ):
        engines.wait_until_loaded()
        measured: Measured = {"clip_seconds": SECONDS}
        for name, (comparison, command_runs) in comparisons.items():
            measured[name] = comparison.run(client, engines, bench.runs, command_runs)
            bench.log(f"{name}: {measured[name]['seconds']}")
        load = separator_load(bench.amqp_url, services.gateway_url, clips[EMBEDDED], QUEUE)
        measured["queue"] = asyncio.run(load)
    return measured


def goals(measured: Measured) -> list[Goal]:
    queue = measured["queue"]
    share = 100 * queue["busy_seconds"] / queue["span_seconds"]
    return [
        Goal(f"{EMBEDDED}, time relative to the limit", _ratio(measured[EMBEDDED], "limit"), at_most=1.05),
        Goal(f"{EMBEDDED}, time relative to the command lines", _ratio(measured[EMBEDDED], "commands"), at_most=0.5),
        Goal(f"{FULL}, time relative to the limit", _ratio(measured[FULL], "limit"), at_most=1.05),
        Goal(
            f"share of time that the separator is busy with a queue of {queue['songs']} songs",
            share,
            at_least=95,
            unit=" %",
            digits=1,
        ),
    ]


def table(measured: Measured) -> str:
    rows = [(f"{name}, {measured['clip_seconds'][name]} s", *_row(measured[name])) for name in SECONDS]
    head = ("", "ours", "the limit", "command lines", "ours : limit", "ours : command lines")
    parts = [
        (f"{name}: {program}", f"{seconds:.2f} s")
        for name in SECONDS
        for program, seconds in [
            *_parts("ours", measured[name], "our_parts_seconds"),
            *_parts("command", measured[name], "program_seconds"),
        ]
    ]
    return f"{markdown.table(head, rows)}\n\n{markdown.table(('part', 'median'), parts)}"


def plot(measured: Measured, picture: Picture) -> None:
    for axes, name in zip(picture.subplots(1, len(SECONDS)), SECONDS, strict=True):
        taken: Mapping[str, list[float]] = measured[name]["seconds"]
        axes.barh(list(taken), [median(seconds) for seconds in taken.values()], color=["C0", "C7", "C7"])
        axes.invert_yaxis()
        axes.set(title=f"{name}, {measured['clip_seconds'][name]} s of audio", xlabel="seconds", xlim=(0, None))


def _checkpoints(repo: Path) -> Path:
    """Store both models for the `demucs` command. Only the child process imports torch."""
    repo.mkdir()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        for make in (separators.embedded, separators.untrained_htdemucs):
            child.submit(make, repo).result()
    return repo


def _ratio(results: Mapping[str, Any], other: str) -> float:
    """Return the ratio over the rounds in which the other program took part."""
    theirs = results["seconds"][other]
    return ratio(results["seconds"]["ours"][: len(theirs)], theirs)


def _row(results: Mapping[str, Any]) -> list[str]:
    absolute = [f"{median(seconds):.2f} s" for seconds in results["seconds"].values()]
    return [*absolute, f"{_ratio(results, 'limit'):.2f}", f"{_ratio(results, 'commands'):.2f}"]


def _parts(program: str, results: Mapping[str, Any], what: str) -> list[tuple[str, float]]:
    return [(f"{program}, {name}", seconds) for name, seconds in results[what].items()]
