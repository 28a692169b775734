"""The engines in one process, with models that are warm: a song takes no less than this.

Each line read from standard input, `{"song": …, "beside": …, "options": …}`, is answered with one: `{"seconds": …}`.
Where `beside` is true the beats are tracked while the song is separated, else before. A first line says that the models
are warm.
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
from shared.events import Options, Task
from shared.storage.job_files import SONG
from shared.worker.inputs import Inputs


def song(upload: str, options: Options, *, beside: bool) -> float:
    """Seconds from the upload to the stems, the beats and, where they are asked for, the lyrics in files."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as aside:
        folder, began = Path(name), perf_counter()
        decoder.decode(upload, str(folder / SONG), 1, 1200)
        beats = aside.submit(rhythm.analyse, Inputs(folder / SONG), folder, options, BeatsSettings(), _ignore)
        if not beside:
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
    os.dup2(2, 1)  # libraries print, too
    separator.warm(SeparatorSettings())
    transcriber.warm(TranscriberSettings())
    rhythm.warm(BeatsSettings())
    print(json.dumps({"warm": True}), file=answers)
    for line in sys.stdin:
        asked = json.loads(line)
        took = song(asked["song"], Options.model_validate(asked["options"]), beside=asked["beside"])
        print(json.dumps({"seconds": took}), file=answers)


def _ignore(_fraction: float) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    main()
