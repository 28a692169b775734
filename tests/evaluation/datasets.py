"""Data sets: the two halves of the generated set, the sample song, and real audio if its folder exists."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from tests.evaluation import truth
from tests.evaluation.truth import Beat, Truth, Word

ROOT = Path(__file__).parents[2]
RUN = ROOT / ".run" / "evaluation"
PAGE = ROOT / "docs" / "evaluation" / "README.md"
SETS = ("tune", "report", "sample song", "real audio")
WORDLESS_EVERY = 4
TEMPI: Final[dict[str, tuple[float, str | None]]] = {
    "rhythm/loop_mehackit1_97bpm.ogg": (97, None),
    "rhythm/song_75bpm_big_bad_world_one.ogg": (75, "4/4"),
    "rhythm/song_95bpm_a_talk_with_george.ogg": (95, "4/4"),
    "rhythm/song_130bpm_heaven_cant_wait.ogg": (130, "4/4"),
    "songs/code_monkey_0-45.mp3": (160, "4/4"),
    "songs/demucs_test.mp3": (113, None),
    "reported/onedrop_72.flac": (72, "4/4"),
    "reported/rest_4th.flac": (120, "4/4"),
}
"""Tempo and metre of real audio whose beats are not known, as its README gives them; 4/4 is assumed for songs."""
"""Every fourth clip without a voice is also given to the transcribers."""


@dataclass(frozen=True)
class Item:
    """`wordless`: transcribers must find no words. `stems` are true stems: vocals, drums, bass, other."""

    set: str
    audio: Path
    truth: Truth
    wordless: bool = False
    stems: dict[str, Path] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.truth.name

    @property
    def beatless(self) -> bool:
        return "no beat" in self.truth.tags

    @property
    def for_rhythm(self) -> bool:
        return bool(self.truth.beats) or self.beatless or self.truth.tempo_bpm is not None

    @property
    def for_lyrics(self) -> bool:
        return bool(self.truth.words) or self.wordless


def items(clips: Path, audio: Path) -> list[Item]:
    """Return all items, set by set; a missing folder has none."""
    return [
        *_generated(clips),
        _sample_song(),
        *_rhythms(audio),
        *_tempi(audio),
        *_songs(audio),
        *_stems(audio),
        *_speech(audio),
    ]


def _generated(clips: Path) -> Iterator[Item]:
    instrumental = 0
    for path in sorted(clips.glob("*.json")):
        known = truth.read(path)
        vocals = clips / "stems" / f"{known.name}.vocals.flac"
        instrumental += not known.words
        yield Item(
            set=known.split,
            audio=path.with_suffix(".flac"),
            truth=known,
            wordless=not known.words and ("no beat" in known.tags or instrumental % WORDLESS_EVERY == 0),
            stems={"vocals": vocals} if vocals.is_file() else {},
        )


def _sample_song() -> Item:
    folder = ROOT / "tests" / "song"
    known = json.loads((folder / "truth.json").read_text())
    downbeats = set(known["downbeats"])
    position, beats = 0, []
    for time in known["beats"]:
        position = 1 if time in downbeats else position + 1
        beats.append(Beat(time, position))
    return Item(
        set="sample song",
        audio=folder / known["file"],
        truth=Truth(
            name="river_town",
            split="report",
            tags=("sung",),
            tempo_bpm=known["tempo_bpm"],
            time_signature=known["time_signature"],
            beats=tuple(beats),
            words=_words(known["lines"]),
            language="en",
        ),
        stems={name: folder / f"river_town_{name}.ogg" for name in ("vocals", "drums", "bass", "other")},
    )


def _rhythms(audio: Path) -> Iterator[Item]:
    """Read `.beats` files: a time and a position in the bar on each line."""
    for path in sorted((audio / "rhythm").glob("*.beats")):
        rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
        beats = tuple(Beat(float(time), int(position)) for time, position in rows)
        gap = median(after.time - before.time for before, after in pairwise(beats))
        sound = next(file for file in path.parent.glob(f"{path.stem}.*") if file.suffix != ".beats")
        signature = f"{max(beat.position for beat in beats)}/4"
        yield Item("real audio", sound, Truth(path.stem, "tune", (), 60 / gap, signature, beats))


def _tempi(audio: Path) -> Iterator[Item]:
    """Return audio with nothing but a known tempo and metre; songs with known words are among `_songs`."""
    for name, (bpm, signature) in TEMPI.items():
        path = audio / name
        if path.is_file() and not path.with_suffix(".json").is_file():
            yield Item("real audio", path, Truth(path.stem, "tune", (), bpm, signature))


def _songs(audio: Path) -> Iterator[Item]:
    for path in sorted((audio / "songs").glob("*.json")):
        known = json.loads(path.read_text("utf-8"))
        sound = path.with_suffix(".mp3")
        bpm, signature = TEMPI.get(f"songs/{sound.name}", (None, None))
        yield Item("real audio", sound, Truth(path.stem, "tune", (), bpm, signature, words=_words(known["lines"])))


def _stems(audio: Path) -> Iterator[Item]:
    for folder in sorted((audio / "stems").glob("*/")):
        stems = {path.stem: path for path in folder.glob("*.flac")}
        yield Item("real audio", folder / "mixture_sum.flac", Truth(folder.name, "tune", ()), stems=stems)


def _speech(audio: Path) -> Iterator[Item]:
    for path in sorted((audio / "speech").glob("*.txt")):
        words = tuple(Word(text) for text in path.read_text("utf-8").split())
        known = Truth(path.stem, "tune", ("no beat", "speech"), words=words)
        yield Item("real audio", path.with_suffix(".flac"), known)


def _words(lines: list[dict[str, list[dict[str, str]]]]) -> tuple[Word, ...]:
    return tuple(
        Word(word["word"], float(word["start"]), float(word["end"])) for line in lines for word in line["words"]
    )
