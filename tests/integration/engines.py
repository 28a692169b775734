"""Engines of the workers in the tests: the contract of a real engine, without a model."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import soundfile

from shared.errors import PermanentError
from shared.events import CorrectedLyrics, Lyrics, Options, Rhythm, Stems
from shared.lyrics.alignment import AlignmentRequest
from shared.lyrics.document import shown, to_json
from shared.settings import Settings
from shared.storage.job_files import PARTIAL_LYRICS
from shared.tasks import Task
from shared.worker.inputs import Inputs, Progress
from tests.fakes import LYRICS, REFINED, RHYTHM, STEMS
from tests.result_files import LINES, METADATA, lyrics_files

Report = Callable[[float], None]


def succeed(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    progress(0.5)
    (out / RHYTHM.beats).write_bytes(inputs.audio.read_bytes())
    return RHYTHM


def succeed_on_signal(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    """Report half of the progress immediately, and finish when a file `done` appears in the storage."""
    progress(0.5)
    while not Path(settings.storage_url, "done").exists():
        time.sleep(0.02)
    return succeed(inputs, out, options, settings, progress)


def refuse(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    raise PermanentError("Unknown separation model", "nonesuch", code="unknown_model")


def die_once(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    died = Path(settings.storage_url, "died")
    if not died.exists():
        died.touch()
        os.abort()
    return succeed(inputs, out, options, settings, progress)


def always_break(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    raise ZeroDivisionError


def separate(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Stems:
    """Write the song as every stem, with peaks."""
    sound, hz = soundfile.read(inputs.audio)
    for stem in Task.STEM_SEPARATION.row.makes:
        soundfile.write(out / f"{stem}.{options.format}", sound, hz)
        (out / f"{stem}.peaks.json").write_text("{}")
    return STEMS


def transcribe(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Lyrics:
    """Write the user's lyrics, or `recognized` without them."""
    (out / LYRICS.transcription).write_text(inputs.lyrics.read_text() if inputs.lyrics else "recognized")
    return LYRICS


def transcribe_on_signal(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Progress) -> Lyrics:
    """Find the first line immediately, and all when a file `done` is in the storage; `die` and `fail` end it."""
    (out / PARTIAL_LYRICS).write_text(to_json(LINES[:1], METADATA, partial=True))
    progress(0.5, lines=1)
    storage = Path(settings.storage_url)
    while not (storage / "done").exists():
        if (storage / "die").exists():
            (storage / "die").unlink()
            os.abort()
        if (storage / "fail").exists():
            raise PermanentError("Nothing can be heard")
        time.sleep(0.02)
    for name, content in lyrics_files(*LINES).items():
        (out / name).write_bytes(content)
    return LYRICS


def analyse(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    """Copy the analysed audio into the result files: the drums, if they exist."""
    audio = inputs.drums or inputs.audio
    for name in (RHYTHM.beats, "click.flac"):
        (out / name).write_bytes(audio.read_bytes())
    return REFINED if inputs.drums else RHYTHM


def analyse_on_signal(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    return succeed_on_signal(inputs, out, options, settings, progress) and analyse(
        inputs, out, options, settings, progress
    )


def refuse_drums(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    found = analyse(inputs, out, options, settings, progress)
    return refuse(inputs, out, options, settings, progress) if found.refined else found


def break_on_drums(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Report) -> Rhythm:
    found = analyse(inputs, out, options, settings, progress)
    return always_break(inputs, out, options, settings, progress) if found.refined else found


def move_lines(audio: Path, request: Path, out: Path, settings: Settings) -> CorrectedLyrics:
    """Move the requested lines by 10 ms, and give them their new words."""
    asked = AlignmentRequest.model_validate_json(request.read_bytes())
    document = dict(asked.document) | {"corrected": True}
    for index, text in asked.lines.items():
        line = document["lines"][index]
        if text:
            line["text"] = text
            for word, new in zip(line["words"], text.split(), strict=True):
                word["text"] = new
        for word in line["words"]:
            word |= {"start": round(word["start"] + 0.01, 3), "end": round(word["end"] + 0.01, 3)}
    (out / "lyrics.json").write_text(json.dumps(document))
    return shown(document)


def refuse_lines(audio: Path, request: Path, out: Path, settings: Settings) -> CorrectedLyrics:
    raise PermanentError("These words were not found", code="words_not_found")
