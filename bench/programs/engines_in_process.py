"""The engines in one process with loaded models: a lower bound for the time of a song.

Each line of the standard input, `{"song": …, "parallel": …, "options": …}`, is answered with `{"seconds": …}`. With
`parallel`, the beats are analysed during the separation, otherwise before it. The first line of the output reports that
the models are loaded.
"""

import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from services.beats import rhythm
from services.beats.settings import Settings as BeatsSettings
from services.gateway.media import decoder
from services.separator import engine as separator
from services.separator.settings import Settings as SeparatorSettings
from services.transcriber import engine as transcriber
from services.transcriber.settings import Settings as TranscriberSettings
from shared.events import Options
from shared.storage.job_files import SONG
from shared.tasks import Task
from shared.worker.inputs import Inputs


def song(upload: str, options: Options, *, parallel: bool) -> float:
    """Return the seconds from the upload to the files of the stems, the beats and, if requested, the lyrics."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as thread:
        folder, began = Path(name), perf_counter()
        with Path(upload).open("rb") as read, (folder / SONG).open("wb") as written:
            decoder.decode(read, written, 1, 1200)
        beats = thread.submit(rhythm.analyse, Inputs(folder / SONG), folder, options, BeatsSettings(), _ignore)
        if not parallel:
            beats.result()
        separator.separate(Inputs(folder / SONG), folder, options, SeparatorSettings(), _ignore)
        beats.result()
        if Task.TRANSCRIPTION in options.tasks:
            instrumental, beats_file = folder / "instrumental.wav", folder / "beats.json"
            inputs = Inputs(folder / "vocals.wav", beats=beats_file, instrumental=instrumental)
            transcriber.transcribe(inputs, folder, options, TranscriberSettings(), _ignore)
        return perf_counter() - began


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # libraries print, too, and must not disturb the answers
    separator.warm(SeparatorSettings())
    transcriber.warm(TranscriberSettings())
    rhythm.warm(BeatsSettings())
    print(json.dumps({"warm": True}), file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        took = song(request["song"], Options.model_validate(request["options"]), parallel=request["parallel"])
        print(json.dumps({"seconds": took}), file=answers)


def _ignore(fraction: float | None = None, *, lines: int | None = None) -> None:
    """Ignore the progress."""


if __name__ == "__main__":
    main()
