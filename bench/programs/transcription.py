"""Script that separates and transcribes songs: `python -m bench.programs.transcription RUNS SONG...`.

The transcription alternates with faster-whisper on the same vocals, with the same weights and word times. Prints one
line of JSON: for each song, by its name, the seconds of each program's runs.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio

from bench.comparison import alternating_seconds
from bench.figures.lyrics import BATCHED, FIRST_LINES, OURS, PLAIN
from services.separator import engine as separator
from services.separator.settings import Settings as SeparatorSettings
from services.transcriber import engine as transcriber
from services.transcriber.recognition.embedded import whisper_base
from services.transcriber.settings import Settings as TranscriberSettings
from shared.events import Options
from shared.machine import processors
from shared.worker.inputs import Inputs

BATCH = 8  # the default


class Song:
    """The stems of a song, and the programs that transcribe them."""

    def __init__(self, song: Path, folder: Path, model: WhisperModel) -> None:
        settings = SeparatorSettings(demucs_model=separator.EMBEDDED)
        separator.separate(Inputs(song), folder, Options(format="flac"), settings, lambda _: None)
        self._folder, self._model = folder, model
        self.first_lines: list[float] = []

    def ours(self) -> None:
        first, began = [], perf_counter()

        def progress(fraction: float | None = None, *, lines: int | None = None) -> None:  # noqa: ARG001 -- not needed here
            if lines:
                first.append(perf_counter() - began)

        inputs = Inputs(self._vocals(), instrumental=self._folder / "instrumental.flac")
        transcriber.transcribe(inputs, self._folder, Options(), TranscriberSettings(), progress)
        # Without lines that are certain before, the first ones are in the result.
        self.first_lines.append(round(min([*first, perf_counter() - began]), 4))

    def plain(self) -> None:
        vocals = decode_audio(str(self._vocals()))
        phrases, _ = self._model.transcribe(vocals, beam_size=5, word_timestamps=True)
        for _ in phrases:
            pass

    def batched(self) -> None:
        vocals = decode_audio(str(self._vocals()))
        pipeline = BatchedInferencePipeline(self._model)
        phrases, _ = pipeline.transcribe(vocals, beam_size=5, word_timestamps=True, batch_size=BATCH)
        for _ in phrases:
            pass

    def _vocals(self) -> Path:
        return self._folder / "vocals.flac"


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print, too, and must not disturb the answer
    runs, songs = int(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    weights = whisper_base(TranscriberSettings().cache_folder)
    model = WhisperModel(str(weights), device="cpu", compute_type="int8", cpu_threads=processors())
    separator.warm(SeparatorSettings(demucs_model=separator.EMBEDDED))
    transcriber.warm(TranscriberSettings())
    found = {}
    for name in songs:
        with tempfile.TemporaryDirectory() as folder:
            song = Song(name, Path(folder), model)
            programs = {OURS: song.ours, PLAIN: song.plain, BATCHED: song.batched}
            found[name.stem] = alternating_seconds(programs, runs)
            found[name.stem][FIRST_LINES] = song.first_lines[-runs:]
    print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main()
