"""The engines of this project, called as their workers call them."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from shared.errors import KaraokeError
from shared.events import Options
from shared.worker.inputs import Inputs
from tests.evaluation import prepared
from tests.evaluation.answer import Answer, answer
from tests.evaluation.datasets import Item
from tests.evaluation.truth import Beat


def rhythm(items: list[Item], *, drums: bool = False) -> Iterator[tuple[Item, Answer]]:
    """Analyse the songs; with `drums`, the separated drum stem is an additional input, as in a refinement."""
    from services.beats.rhythm import analyse, warm  # noqa: PLC0415 -- loads librosa
    from services.beats.settings import Settings  # noqa: PLC0415 -- as above

    settings = Settings()
    warm(settings)
    for item in items:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            audio = out / "song.flac"
            audio.symlink_to(prepared.song(item).resolve())
            inputs = Inputs(audio, drums=prepared.separated(item).folder / "drums.flac" if drums else None)
            began = perf_counter()
            try:
                analyse(inputs, out, Options(), settings, lambda _: None)
            except (KaraokeError, ArithmeticError, ValueError, LookupError) as error:
                yield item, Answer(error=repr(error))
                continue
            yield item, _rhythm(out / "beats.json", perf_counter() - began)


def lyrics(items: list[Item]) -> Iterator[tuple[Item, Answer]]:
    """Transcribe the separated vocals, with the instrumental as an additional input."""
    from services.transcriber.engine import transcribe, warm  # noqa: PLC0415 -- loads torch
    from services.transcriber.settings import Settings  # noqa: PLC0415 -- as above

    settings = Settings()
    warm(settings)
    for item in items:
        stems = prepared.separated(item).folder
        inputs = Inputs(stems / "vocals.flac", instrumental=stems / "instrumental.flac")
        with tempfile.TemporaryDirectory() as folder:
            began = perf_counter()
            try:
                transcribe(inputs, Path(folder), Options(), settings, _ignore)
            except (KaraokeError, ArithmeticError, ValueError, LookupError) as error:
                yield item, Answer(error=repr(error))
                continue
            yield item, _lyrics(Path(folder) / "lyrics.json", perf_counter() - began)


def _ignore(fraction: float | None = None, *, lines: int | None = None) -> None:
    """Ignore the progress."""


def always_four(found: Answer) -> Answer:
    """Return the same beats in 4/4 from the first one, as the baseline for the metre."""
    beats = tuple(Beat(beat.time, index % 4 + 1) for index, beat in enumerate(found.beats))
    same = {"tempo_bpm": found.tempo_bpm, "confidence": found.confidence, "seconds": found.seconds}
    return Answer(beats=beats, time_signature="4/4" if beats else None, **same)  # type: ignore[arg-type] # mixed values


def _rhythm(file: Path, seconds: float) -> Answer:
    found = json.loads(file.read_text("utf-8"))
    chords = [{name: chord[name] for name in ("start", "end", "label")} for chord in found.get("chords") or ()]
    return answer(
        {
            "beats": [{"time": beat["time"], "position": beat["position"] or 0} for beat in found["beats"]],
            "tempo_bpm": found["tempo_bpm"],
            "time_signature": found["time_signature"],
            "confidence": found["beat_confidence"],
            "metre_confidence": found["metre_confidence"],
            "chords": chords,
            "key": found.get("key"),
            "seconds": seconds,
        }
    )


def _lyrics(file: Path, seconds: float) -> Answer:
    found = json.loads(file.read_text("utf-8"))
    words = [
        {"text": word["text"], "start": word["start"], "end": word["end"]}
        for line in found["lines"]
        for word in line["words"]
    ]
    lines = [(number, word["confidence"]) for number, line in enumerate(found["lines"]) for word in line["words"]]
    return answer({"words": words, "lines": lines, "language": found["language"], "seconds": seconds})
