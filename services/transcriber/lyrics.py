"""Lyrics with a time for every word."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# LRC and SRT cannot escape what they would take for a tag.
PLAIN = str.maketrans({"[": "(", "]": ")", "<": "‹", ">": "›", "{": "(", "}": ")"})  # noqa: RUF001 -- look-alikes are the point
CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")


@dataclass(frozen=True)
class Word:
    """`start` and `end` in seconds from the song's start, `confidence` 0 to 1.

    `estimated`: the times are a guess. `spaced`: a space stands before it, as nowhere in Chinese or inside `re-do`.
    """

    text: str
    start: float
    end: float
    confidence: float
    estimated: bool = False
    spaced: bool = True


@dataclass(frozen=True)
class Line:
    """What is sung in one go: at least one word."""

    words: tuple[Word, ...]

    @property
    def start(self) -> float:
        return self.words[0].start

    @property
    def end(self) -> float:
        return self.words[-1].end

    @property
    def text(self) -> str:
        return joined((word, word.text) for word in self.words)


def joined(pieces: Iterable[tuple[Word, str]]) -> str:
    """One string of what each word is to be written as, on one line, with spaces where the words want them."""
    text = "".join(" " * word.spaced + piece for word, piece in pieces)
    return " ".join(text.translate(CONTROLS).split())


def to_json(lines: Sequence[Line], *, language: str | None, model: str, alignment: str, source: str) -> str:
    """`{"language", "model", "alignment", "source", "lines": [{"start", "end", "text", "words": […]}]}`, in ms."""
    document = {
        "language": language,
        "model": model,
        "alignment": alignment,
        "source": source,
        "lines": [
            {
                "start": round(line.start, 3),
                "end": round(line.end, 3),
                "text": line.text,
                "words": [
                    {
                        "text": word.text,
                        "start": round(word.start, 3),
                        "end": round(word.end, 3),
                        "confidence": round(word.confidence, 3),
                        "estimated": word.estimated,
                    }
                    for word in line.words
                ],
            }
            for line in lines
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)
