"""The truth of a clip, and its file. Times are in seconds from the start of the clip."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Split = Literal["tune", "report"]


@dataclass(frozen=True)
class Beat:
    """`position` in the bar counts from 1, the downbeat."""

    time: float
    position: int


@dataclass(frozen=True)
class Chord:
    """`label` is C, Am, G7, Dm7, Cmaj7, Bdim or similar; N for no chord."""

    start: float
    end: float
    label: str


@dataclass(frozen=True)
class Word:
    """Times are None if they are unknown."""

    text: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Truth:
    """`tempo_bpm` is that of the median beat; clips without a beat have no tempo, metre or beats. `key`: "C major"."""

    name: str
    split: Split
    tags: tuple[str, ...]
    tempo_bpm: float | None = None
    time_signature: str | None = None
    beats: tuple[Beat, ...] = ()
    chords: tuple[Chord, ...] = ()
    key: str | None = None
    words: tuple[Word, ...] = ()
    language: str | None = None

    @property
    def source(self) -> str:
        """Style or collection, which is the first tag; clips of one source are alike."""
        return self.tags[0] if self.tags else self.name

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(path: Path) -> Truth:
    found = json.loads(path.read_text("utf-8"))
    return Truth(
        **found
        | {
            "tags": tuple(found["tags"]),
            "beats": tuple(Beat(**beat) for beat in found["beats"]),
            "chords": tuple(Chord(**chord) for chord in found["chords"]),
            "words": tuple(Word(**word) for word in found["words"]),
        }
    )
