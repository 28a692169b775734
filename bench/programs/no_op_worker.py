"""Worker whose engine computes nothing: `python -m bench.programs.no_op_worker SERVICE`.

The option `model` gives the duration of its tasks: `seconds-0.5`.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shared.events import Lyrics, Options, Rhythm, Stems
from shared.settings import Settings
from shared.tasks import Task
from shared.web.server import run
from shared.worker.inputs import Inputs
from shared.worker.worker import work

STEMS = Stems(
    model="none",
    vocals="vocals.wav",
    drums="drums.wav",
    bass="bass.wav",
    other="other.wav",
    instrumental="instrumental.wav",
)
LYRICS = Lyrics(
    model="none",
    language="en",
    word_count=0,
    transcription="lyrics.json",
    lrc="lyrics.lrc",
    srt="lyrics.srt",
    vtt="lyrics.vtt",
)
RHYTHM = Rhythm(
    tempo_bpm=120.0,
    beat_count=0,
    time_signature="4/4",
    beat_confidence=1.0,
    rhythm_regularity=1.0,
    key=None,
    beats="beats.json",
)
TASKS = {
    "separator": (Task.STEM_SEPARATION, "separate"),
    "transcriber": (Task.TRANSCRIPTION, "transcribe"),
    "beats": (Task.BEAT_ANALYSIS, "analyse"),
}
Report = Callable[[float], None]
R = TypeVar("R", Stems, Lyrics, Rhythm)


def separate(_inputs: Inputs, out: Path, options: Options, _settings: Settings, progress: Report) -> Stems:
    return _run(out, options, progress, STEMS)


def transcribe(_inputs: Inputs, out: Path, options: Options, _settings: Settings, progress: Report) -> Lyrics:
    return _run(out, options, progress, LYRICS)


def analyse(_inputs: Inputs, out: Path, options: Options, _settings: Settings, progress: Report) -> Rhythm:
    return _run(out, options, progress, RHYTHM)


def warm(_settings: Settings) -> None:
    """Load nothing."""


def _run(out: Path, options: Options, progress: Report, result: R) -> R:
    """Wait, as for a GPU, and write empty files."""
    kind, _, text = (options.model or "").partition("-")
    seconds, began = float(text) if kind == "seconds" else 0.0, time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        progress(elapsed / seconds)
        time.sleep(min(0.1, seconds - elapsed))
    for name in result.model_dump(exclude={"kind", "model", "language"}).values():
        if isinstance(name, str) and "." in name:
            (out / name).touch()
    return result


if __name__ == "__main__":
    service = sys.argv[1]
    task, engine = TASKS[service]
    settings, module = Settings(), "bench.programs.no_op_worker"
    run(service, settings, work(task, f"{module}:{engine}", f"{module}:warm", settings))
