"""The answer of a system for a clip, and its file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.evaluation.truth import Beat, Chord, Word


@dataclass(frozen=True)
class Answer:
    """A beat's `position` is 0 if the system finds no bars. `seconds` is the computing time after the warm-up.

    `lines` has for each word the number of its line and its confidence, if the system says them.
    If the system failed on the clip, `error` is set and everything else is empty.
    """

    beats: tuple[Beat, ...] = ()
    tempo_bpm: float | None = None
    time_signature: str | None = None
    confidence: float | None = None
    chords: tuple[Chord, ...] = ()
    key: str | None = None
    words: tuple[Word, ...] = ()
    language: str | None = None
    seconds: float = 0.0
    error: str | None = None
    metre_confidence: float | None = None
    lines: tuple[tuple[int, float], ...] = ()

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False) + "\n", "utf-8")


def answer(found: dict[str, Any]) -> Answer:
    return Answer(
        **found
        | {
            "beats": tuple(Beat(**beat) for beat in found.get("beats", ())),
            "chords": tuple(Chord(**chord) for chord in found.get("chords", ())),
            "words": tuple(Word(**word) for word in found.get("words", ())),
            "lines": tuple((line, confidence) for line, confidence in found.get("lines", ())),
        }
    )


def read(path: Path) -> Answer:
    return answer(json.loads(path.read_text("utf-8")))
