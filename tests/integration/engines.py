"""What the workers of the tests compute: the contract of a real engine, without a model."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from shared.errors import PermanentError
from shared.events import Lyrics, Options, Rhythm
from shared.settings import Settings
from shared.storage.objects import WORDS
from tests.fakes import LYRICS, REFINED, RHYTHM

Report = Callable[[float], None]


def succeed(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    progress(0.5)
    (out / RHYTHM.beats).write_bytes(audio.read_bytes())
    return RHYTHM


def work_until_told(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    """Done when a file `done` appears beside the storage; says half of it at once."""
    progress(0.5)
    while not Path(settings.storage_url, "done").exists():
        time.sleep(0.02)
    return succeed(audio, out, options, settings, progress)


def refuse(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    raise PermanentError("Unknown separation model", "nonesuch", code="unknown_model")


def die_once(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    died = Path(settings.storage_url, "died")
    if not died.exists():
        died.touch()
        os.abort()
    return succeed(audio, out, options, settings, progress)


def always_break(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    raise ZeroDivisionError


def sing(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Lyrics:
    """Has as its lyrics the words that it was given, or `heard`."""
    words = audio.with_name(WORDS)
    (out / LYRICS.transcription).write_text(words.read_text() if words.exists() else "heard")
    return LYRICS


def listen(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    """Has as its files what was listened to: the drums, where there are some."""
    drums = audio.with_name(f"drums.{options.format}")
    heard = drums if drums.exists() else audio
    for name in (RHYTHM.beats, "click.flac"):
        (out / name).write_bytes(heard.read_bytes())
    return REFINED if drums.exists() else RHYTHM


def listen_when_told(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    return work_until_told(audio, out, options, settings, progress) and listen(audio, out, options, settings, progress)


def refuse_drums(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    found = listen(audio, out, options, settings, progress)
    return refuse(audio, out, options, settings, progress) if found.refined else found


def break_on_drums(audio: Path, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    found = listen(audio, out, options, settings, progress)
    return always_break(audio, out, options, settings, progress) if found.refined else found
