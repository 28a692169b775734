"""Lyrics with a time for every word."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from unicodedata import bidirectional

from shared.events import FoundAt, GivenTimes
from shared.lyrics.review import Source

# LRC and SRT cannot escape brackets, which start a tag there: similar characters replace them.
WITHOUT_TAGS = str.maketrans({"[": "(", "]": ")", "<": "‹", ">": "›", "{": "(", "}": ")"})  # noqa: RUF001 -- look-alikes are intended
RIGHT_TO_LEFT: Final = {"R", "AL"}
"""Bidirectional classes of letters that are written from right to left."""
Direction = Literal["ltr", "rtl"]
CONTROL_CHARACTERS = dict.fromkeys((*range(32), *range(127, 160)), " ")


@dataclass(frozen=True)
class Word:
    """`start` and `end` are seconds from the start of the song, `confidence` is 0 to 1.

    `estimated`: the times are interpolated or guessed. `spaced`: a space precedes the word; false between Chinese
    characters or inside `re-do`.
    """

    text: str
    start: float
    end: float
    confidence: float
    estimated: bool = False
    spaced: bool = True


@dataclass(frozen=True)
class Line:
    """A line of at least one word."""

    words: tuple[Word, ...]

    @property
    def start(self) -> float:
        return self.words[0].start

    @property
    def end(self) -> float:
        return self.words[-1].end

    @property
    def confidence(self) -> float:
        """Mean of the words' confidences."""
        return sum(word.confidence for word in self.words) / len(self.words)

    @property
    def text(self) -> str:
        return join_words((word, word.text) for word in self.words)


@dataclass(frozen=True)
class Metadata:
    """`source` is `heard` (recognized), `given` (by the user) or `found` (in a public collection, at `found_at`).

    `alignment` is the method that timed the words. `given_times` is None if the user's lyrics had no times. `language`
    is an ISO 639-1 code. `language_probability` (0 to 1) is None if the user chose the language or if there is no
    singing.
    """

    language: str | None
    model: str
    alignment: str
    source: Source
    language_probability: float | None = None
    given_times: GivenTimes | None = None
    found_at: FoundAt | None = None


def join_words(pieces: Iterable[tuple[Word, str]]) -> str:
    """Join the string that represents each word into one line, with spaces according to `Word.spaced`."""
    text = "".join(" " * word.spaced + piece for word, piece in pieces)
    return " ".join(text.translate(CONTROL_CHARACTERS).split())


def direction(text: str) -> Direction:
    """Return the direction of a line: that of its first letter (Unicode Bidirectional Algorithm, rules P2 and P3)."""
    classes = (bidirectional(character) for character in text)
    return "rtl" if next((each for each in classes if each in {"L", *RIGHT_TO_LEFT}), "L") in RIGHT_TO_LEFT else "ltr"


def rounded(number: float | None) -> float | None:
    """Round to three digits, as in every file."""
    return None if number is None else round(number, 3)
