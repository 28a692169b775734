"""Write one JSON file of notes for each chosen score of music21's corpus into the folder given as the argument.

This script runs in music21's environment and imports nothing of this project. It always chooses the same scores.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

import music21
from music21 import converter, stream

CORPUS = Path(music21.__file__).parent / "corpus"
BEATS = {
    "2/4": (1.0, 2), "2/2": (2.0, 2), "3/4": (1.0, 3), "4/4": (1.0, 4), "5/4": (1.0, 5), "6/4": (3.0, 2),
    "6/8": (1.5, 2), "9/8": (1.5, 3), "12/8": (1.5, 4), "7/4": (1.0, 7),
}  # fmt: skip
"""Quarter notes of a beat and beats of a bar, by time signature."""
SHORTEST_BARS, FEWEST_NOTES = 6, 24
RESERVED = re.compile(r"©|\(c\)|copyright|rights reserved|licensing agreement", re.IGNORECASE)
FREE = re.compile(r"creative commons|CC[ -]BY|CC0|public domain", re.IGNORECASE)
"""A score is left out if its file reserves rights and grants no free licence."""
DANCES = {"reel": ("Reel", 8), "jig": ("Jig", 14), "hornpipe": ("Hornpipe", 8), "strathspey": ("Strathspey", 4)}
"""Part of the file names of a dance in Ryan's collection, and the number of its tunes."""
COMPOSERS = (
    "haydn", "mozart", "beethoven", "schumann_robert", "schumann_clara", "joplin", "corelli", "cpebach", "johnson_j_r",
)  # fmt: skip
MOVEMENTS = 8
"""Most movements by one composer."""


Notes = dict[str, object]
"""Contents of a score's file."""


class Choice(NamedTuple):
    name: str
    collection: str
    score: stream.Score


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for score in _chosen():
        (out / f"{score['name']}.json").write_text(json.dumps(score))


def _chosen() -> Iterator[Notes]:
    """Choose more in three than would come by chance; a score that is chosen twice is written once."""
    for dance, (pattern, count) in DANCES.items():
        yield from _first(count, _tunes(f"ryan {dance}s", _files("ryansMammoth", f"*{pattern}*.abc")))
    oneill, aird = _files("oneills1850", "*.abc"), _files("airdsAirs", "*.abc")
    for file in oneill[:12]:
        yield from _first(2, _tunes("o'neill", [file]))
    yield from _first(10, _tunes("o'neill", oneill), "3/4")
    for file in aird:
        yield from _first(5, _tunes("aird", [file]))
        yield from _first(1, _tunes("aird", [file]), "3/4")
    northumbrian = _files("miscFolk", "northumbrian*.abc")
    yield from _first(20, _tunes("northumbrian", northumbrian))
    yield from _first(8, _tunes("northumbrian", northumbrian), "3/4")
    chorales = _files("bach", "bwv*.mxl")
    yield from _first(12, _scores("bach", chorales))
    yield from _first(6, _scores("bach", chorales), "3/4")
    for composer in COMPOSERS:
        yield from _first(MOVEMENTS, _scores(composer.partition("_")[0], sorted(_files(composer, "*.*"))))


def _first(count: int, choices: Iterable[Choice], signature: str | None = None) -> Iterator[Notes]:
    extracted = (notes for choice in choices if (notes := _notes(choice)))
    return islice((notes for notes in extracted if signature in {None, notes["signature"]}), count)


def _files(folder: str, pattern: str) -> list[Path]:
    """Return the files in a random, but always the same order."""
    files = sorted((CORPUS / folder).rglob(pattern))
    Random(f"{folder} {pattern}").shuffle(files)
    return files


def _tunes(collection: str, files: Iterable[Path]) -> Iterator[Choice]:
    """Parse the tunes of ABC files one by one, in a random order."""
    for file in files:
        tunes = list(enumerate(re.split(r"(?m)^(?=X:)", file.read_text("utf-8", "replace"))))
        Random(f"{collection} {file.name}").shuffle(tunes)
        for number, text in tunes:
            if re.search(r"(?m)^M:", text) and (score := _parsed(text, "abc")):
                yield Choice(_name(collection, file.stem, str(number)), collection, score)


def _scores(collection: str, files: Iterable[Path]) -> Iterator[Choice]:
    for file in files:
        if file.suffix in {".mxl", ".xml", ".musicxml"} and not _restricted(_text(file)) and (score := _parsed(file)):
            yield Choice(_name(collection, file.parent.name, file.stem), collection, score)


def _name(*parts: str) -> str:
    return re.sub(r"[^\w-]+", "-", "_".join(parts))


def _text(file: Path) -> str:
    if file.suffix != ".mxl":
        return file.read_text("utf-8", "replace")
    with zipfile.ZipFile(file) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist() if "xml" in name)


def _restricted(text: str) -> bool:
    return bool(RESERVED.search(text)) and not FREE.search(text)


def _parsed(source: Path | str, form: str | None = None) -> stream.Score | None:
    try:
        return converter.parse(source, format=form)
    except Exception as error:  # noqa: BLE001 -- music21 raises many kinds of errors for scores that it cannot read
        sys.stderr.write(f"{str(source)[:80]!r}: {error}\n")
        return None


def _notes(choice: Choice) -> Notes | None:
    """Return the contents of the file, up to the first irregular bar; None for short scores and those of many metres.

    All lengths are in quarter notes. A note is its start, length, MIDI pitch and part.
    """
    parts = list(choice.score.parts) or [choice.score]
    signatures = {found.ratioString for found in parts[0].recurse().getElementsByClass("TimeSignature")}
    bars = list(parts[0].getElementsByClass("Measure"))
    if len(signatures) != 1 or not signatures <= set(BEATS) or not bars:
        return None
    signature = signatures.pop()
    beat, beats = BEATS[signature]
    bar = beat * beats
    first = float(bars[0].duration.quarterLength)
    pickup = first % bar
    end = next(
        (at for at in (float(each.offset) for each in bars[1:]) if not _whole((at - pickup) / bar)),
        float(parts[0].duration.quarterLength),
    )
    notes = [
        (float(event.offset), float(event.duration.quarterLength), int(pitch.midi), number)
        for number, part in enumerate(parts)
        for event in part.stripTies().flatten().notes
        if not event.duration.isGrace and event.offset < end
        for pitch in event.pitches
    ]
    if end - pickup < SHORTEST_BARS * bar or len(notes) < FEWEST_NOTES:
        return None
    return {
        "name": choice.name,
        "collection": choice.collection,
        "signature": signature,
        "beat": beat,
        "beats": beats,
        "pickup": pickup,
        "end": end,
        "notes": notes,
    }


def _whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-6


if __name__ == "__main__":
    main()
