"""The sample song, cut short, sent by the HTTP API to services whose models are warm, from the first byte of the upload
to the event that tells its end. Beside it (a), the limit: decoding and the same engines called in one process with warm
models, one after another or with the beats beside the separation, whichever is faster here; and (b) what a user would
type: `demucs` without shifts, `whisperx` (int8, with the same weights, no alignment) on its vocals, a script with
librosa. All sides have the same input and models. The embedded models do all three tasks; full-size `htdemucs`, of
random weights, separates and has the beats found, as nobody sings in what it makes of a song.

The limit can be beaten: in one process with torch and its threads, whisper took 14 to 15 s for the clip from the second
song on, alone in a process 11 to 12 s.

A refinement of the beats is not waited for, as it is not part of the job, and does not reach into the next side's turn.
Then ten songs are sent at once: the separator is busy from when it takes a song until it tells the result.
"""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, Final

from matplotlib.figure import Figure as Picture

from bench import markdown, separators
from bench.bench import Bench
from bench.figure import Goal, Measured
from bench.line import busy
from bench.plain import Plain
from bench.race import Race
from bench.sample import write_sample
from bench.sides import ratio
from bench.singer import Singer
from bench.system import system
from services.transcriber.recognition.embedded import whisper_base
from services.transcriber.settings import Settings

TITLE = "A song"
SERVICES: Final = dict.fromkeys(("gateway", "status", "separator", "transcriber", "beats"), 1)
EMBEDDED, FULL = "embedded models", "full-size htdemucs"
SECONDS: Final = {EMBEDDED: 20, FULL: 8}
QUEUE = 10
NO_WORDS: Final = {"model": "htdemucs", "tasks": "stem_separation,beat_analysis"}


def measure(bench: Bench) -> Measured:
    clips = {name: write_sample(bench.folder / f"{seconds}s.ogg", seconds) for name, seconds in SECONDS.items()}
    repo = _checkpoints(bench.folder / "repo")
    env = {"DEMUCS_MODEL": "embedded", "DEMUCS_REPO": str(repo), "GRACE_SECONDS": "1"}
    whisper = whisper_base(Settings().cache_folder)
    races = {
        EMBEDDED: (Race(clips[EMBEDDED], {}, repo, "embedded", whisper), bench.runs),
        # Its programs are far behind and take long.
        FULL: (Race(clips[FULL], NO_WORDS, repo, "htdemucs", None), (bench.runs + 1) // 2),
    }
    with (
        Plain(env, bench.folder / "logs" / "plain.log") as plain,
        system(bench, SERVICES, env, real=True) as running,
        Singer(running.url) as singer,
    ):
        plain.wait()
        measured: Measured = {"clip_seconds": SECONDS}
        for name, (race, command_runs) in races.items():
            measured[name] = race.run(singer, plain, bench.runs, command_runs)
            bench.say(f"{name}: {measured[name]['seconds']}")
        measured["queue"] = busy(bench.amqp_url, running.url, clips[EMBEDDED], QUEUE)
    return measured


def goals(measured: Measured) -> list[Goal]:
    queue = measured["queue"]
    share = 100 * queue["busy_seconds"] / queue["span_seconds"]
    return [
        Goal(f"{EMBEDDED}, of the limit", _of(measured[EMBEDDED], "limit"), at_most=1.05),
        Goal(f"{EMBEDDED}, of the command lines", _of(measured[EMBEDDED], "commands"), at_most=0.5),
        Goal(f"{FULL}, of the limit", _of(measured[FULL], "limit"), at_most=1.05),
        Goal(
            f"time that a queue of {queue['songs']} songs keeps the separator busy",
            share,
            at_least=95,
            unit=" %",
            digits=1,
        ),
    ]


def table(measured: Measured) -> str:
    rows = [(f"{name}, {measured['clip_seconds'][name]} s", *_row(measured[name])) for name in SECONDS]
    head = ("", "ours", "the limit", "command lines", "ours of the limit", "ours of the command lines")
    parts = [
        (f"{name}: {whose}", f"{seconds:.2f} s")
        for name in SECONDS
        for whose, seconds in [
            *_named("ours", measured[name], "our_parts_seconds"),
            *_named("command", measured[name], "program_seconds"),
        ]
    ]
    return f"{markdown.table(head, rows)}\n\n{markdown.table(('what it is made of', 'median'), parts)}"


def plot(measured: Measured, picture: Picture) -> None:
    for axes, name in zip(picture.subplots(1, len(SECONDS)), SECONDS, strict=True):
        taken: Mapping[str, list[float]] = measured[name]["seconds"]
        axes.barh(list(taken), [median(seconds) for seconds in taken.values()], color=["C0", "C7", "C7"])
        axes.invert_yaxis()
        axes.set(title=f"{name}, {measured['clip_seconds'][name]} s of audio", xlabel="seconds", xlim=(0, None))


def _checkpoints(repo: Path) -> Path:
    """Both models as the `demucs` command wants them; torch stays in a child."""
    repo.mkdir()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        for make in (separators.embedded, separators.untrained_htdemucs):
            child.submit(make, repo).result()
    return repo


def _of(raced: Mapping[str, Any], side: str) -> float:
    """The median over the rounds in which that side took part."""
    other = raced["seconds"][side]
    return ratio(raced["seconds"]["ours"][: len(other)], other)


def _row(raced: Mapping[str, Any]) -> list[str]:
    absolute = [f"{median(seconds):.2f} s" for seconds in raced["seconds"].values()]
    return [*absolute, f"{_of(raced, 'limit'):.2f}", f"{_of(raced, 'commands'):.2f}"]


def _named(whose: str, raced: Mapping[str, Any], what: str) -> list[tuple[str, float]]:
    return [(f"{whose}, {name}", seconds) for name, seconds in raced[what].items()]
