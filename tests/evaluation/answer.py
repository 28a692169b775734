"""What a system says of a clip, and its file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.evaluation.truth import Beat, Chord, Word


@dataclass(frozen=True)
class Answer:
    """A beat's `position` is 0 where a system knows no bars. `seconds` is how long it took, warm.

    `error` is set, and all else empty, where a system failed on a clip.
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
        }
    )


def read(path: Path) -> Answer:
    return answer(json.loads(path.read_text("utf-8")))
