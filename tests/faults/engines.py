"""Engines whose tasks are interrupted by the tests.

The option `model` selects the behaviour: `seconds-5`, or the name of a failure.
"""

import ctypes
import hashlib
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shared.events import Lyrics, Options, Rhythm, Stems
from shared.settings import Settings
from shared.worker.inputs import Inputs
from tests.fakes import LYRICS, REFINED, RHYTHM, STEMS

Report = Callable[[float], None]
DRUMS = b"the drums"
R = TypeVar("R", Stems, Lyrics, Rhythm)


def separate(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Stems:
    suffer(options.model or "", out, progress)
    work(inputs.audio, options, progress)
    write(out, inputs.audio, STEMS)
    (out / STEMS.drums).write_bytes(DRUMS)
    return STEMS


def transcribe(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Lyrics:
    work(inputs.audio, options, progress)
    return write(out, inputs.audio, LYRICS)


def analyse(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    """Copy the analysed audio into the result file."""
    work(inputs.audio, options, progress)
    return write(out, inputs.drums, REFINED) if inputs.drums else write(out, inputs.audio, RHYTHM)


def warm(settings: Settings) -> None:
    pass


def work(audio: Path, options: Options, progress: Report) -> None:
    """Keep the processor busy for the requested time."""
    kind, _, seconds = (options.model or "").partition("-")
    wanted = float(seconds) if kind == "seconds" else 0.2
    samples, began = audio.read_bytes(), time.monotonic()
    while (elapsed := time.monotonic() - began) < wanted:
        hashlib.pbkdf2_hmac("sha256", samples[:1000], b"", 20_000)
        progress(elapsed / wanted)


def suffer(misfortune: str, out: Path, progress: Report) -> None:
    match misfortune:
        case "segfault":
            ctypes.string_at(0)
        case "hang":
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            while True:
                signal.sigtimedwait([], 60)
        case "memory":
            resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
            progress(len(bytearray(1 << 32)))
        case "killer":
            os.kill(os.getppid(), signal.SIGKILL)
        case "disk":
            (out / "filling").write_bytes(bytes(64 << 20))


def write(out: Path, audio: Path, result: R) -> R:
    for name in result.model_dump(exclude={"kind", "model", "language"}).values():
        if isinstance(name, str) and "." in name:
            (out / name).write_bytes(audio.read_bytes())
    return result
