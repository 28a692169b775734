"""Lyrics with a time for every word."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.transcriber.text.bars import Bars

# LRC and SRT cannot escape what they would take for a tag.
PLAIN = str.maketrans({"[": "(", "]": ")", "<": "‹", ">": "›", "{": "(", "}": ")"})  # noqa: RUF001 -- look-alikes are the point
NOTHING_HEARD = "No words were heard: this seems to be an instrumental."
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
    def confidence(self) -> float:
        """The mean of its words."""
        return sum(word.confidence for word in self.words) / len(self.words)

    @property
    def text(self) -> str:
        return joined((word, word.text) for word in self.words)


@dataclass(frozen=True)
class About:
    """Where lyrics come from: `source` is `heard` or `given`, `alignment` what timed the words.

    `language` is an ISO 639-1 code, its probability (0 to 1) None where the user named it or nobody sings.
    """

    language: str | None
    model: str
    alignment: str
    source: str
    language_probability: float | None = None


def joined(pieces: Iterable[tuple[Word, str]]) -> str:
    """One string of what each word is to be written as, on one line, with spaces where the words want them."""
    text = "".join(" " * word.spaced + piece for word, piece in pieces)
    return " ".join(text.translate(CONTROLS).split())


def to_json(lines: Sequence[Line], about: About, bars: Bars | None = None) -> str:
    """`{"language", …, "lines": [{"start", "end", "text", "confidence", "bar", "beat", "words": […]}]}`, in ms."""
    document = {
        "language": about.language,
        "language_probability": _rounded(about.language_probability),
        "model": about.model,
        "alignment": about.alignment,
        "source": about.source,
        "note": None if lines else NOTHING_HEARD,
        "lines": [
            {
                "start": _rounded(line.start),
                "end": _rounded(line.end),
                "text": line.text,
                "confidence": _rounded(line.confidence),
                "bar": place.bar if place else None,
                "beat": place.beat if place else None,
                "words": [
                    {
                        "text": word.text,
                        "start": _rounded(word.start),
                        "end": _rounded(word.end),
                        "confidence": _rounded(word.confidence),
                        "estimated": word.estimated,
                    }
                    for word in line.words
                ],
            }
            for line, place in ((line, bars.at(line.start) if bars else None) for line in lines)
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
