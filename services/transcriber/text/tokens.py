"""Split a text into lines of words that have no times yet."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final

from shared.lyrics.words import Word
from shared.user_lyrics.sung import sung_rows
from shared.user_lyrics.timed import Row, without_spaces

# Scripts without spaces between words: each character counts as a word, which is close to how it is sung.
UNSPACED: Final = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
FIRST_UNSPACED: Final = "\u0e01"
OPENING: Final = {"Ps", "Pi"}
WIDE: Final = "WF"
SPOKEN_SIGNS: Final = "&+"
LONGEST_LINE = 100
"""Words; longer lines come from a text that lost its line breaks."""


@dataclass(frozen=True)
class GivenLine:
    """Words of a line without times, and the times in seconds that came with them: of the line and of each word.

    `number` orders the lines as they are written, which may differ from the order of their times.
    """

    words: tuple[Word, ...]
    start: float | None = None
    end: float | None = None
    starts: tuple[float | None, ...] = ()
    number: int = 0


def tokenize(text: str) -> list[list[Word]]:
    """Return the words of each sung line; their times and confidence are 0."""
    return [[*line.words] for line in tokenize_timed(text)]


def tokenize_timed(text: str) -> list[GivenLine]:
    """Return the words of each sung line, and the times that the text says."""
    return [line for row in sung_rows(text) for line in _given_lines(row)]


def split_characters(word: Word) -> list[Word]:
    """Split a recognized word of a script without spaces into characters that share its time; keep other words."""
    pieces = [piece for piece in _pieces(word.text) if _is_spoken(piece)]
    if len(pieces) < 2 or "".join(pieces) != word.text:  # noqa: PLR2004 -- nothing to split
        return [word]
    length = (word.end - word.start) / len(pieces)
    return [
        replace(
            word,
            text=piece,
            start=word.start + index * length,
            end=word.start + (index + 1) * length,
            estimated=True,
            spaced=word.spaced and index == 0,
        )
        for index, piece in enumerate(pieces)
    ]


def _given_lines(row: Row) -> Iterator[GivenLine]:
    words, marks = words_of(row.text), dict(row.marks)
    places = accumulate((len(without_spaces(word.text)) for word in words), initial=0)
    starts = [marks.get(place) for place in places]
    for first in range(0, len(words), LONGEST_LINE):
        last = first + LONGEST_LINE
        end = row.end if last >= len(words) else None
        yield GivenLine(tuple(words[first:last]), row.start, end, tuple(starts[:-1][first:last]), row.number)


def words_of(line: str) -> list[Word]:
    """Return the words of one line.

    Separate punctuation belongs to the word before it, or to the first word at the start of a line.
    """
    words: list[Word] = []
    opening = ""
    for token in line.split():
        for index, piece in enumerate(_pieces(token)):
            spaced = index == 0
            if _is_spoken(piece):
                words.append(_word(opening + piece, spaced=spaced))
                opening = ""
            elif words:
                last = words.pop()
                words.append(_word(last.text + " " * spaced + piece, spaced=last.spaced))
            else:
                opening += f"{piece} "
    return words


def _word(text: str, *, spaced: bool) -> Word:
    return Word(text, 0.0, 0.0, 0.0, estimated=True, spaced=spaced)


def _is_spoken(piece: str) -> bool:
    return any(character.isalnum() or character in SPOKEN_SIGNS for character in piece)


def _pieces(token: str) -> list[str]:
    """Split a token of a script without spaces into characters, each with its marks and punctuation."""
    begins = [index for index, (before, char) in enumerate(pairwise(token), 1) if _begins(before, char)]
    return [token[start:end] for start, end in pairwise([0, *begins, len(token)])]


def _begins(before: str, character: str) -> bool:
    """Return true if a word begins between the two characters of a token."""
    if unicodedata.category(character) in OPENING:
        return _is_unspaced(before) or unicodedata.east_asian_width(character) in WIDE
    after_opening = unicodedata.category(before) in OPENING
    return character.isalnum() and not after_opening and (_is_unspaced(character) or _is_unspaced(before))


def _is_unspaced(character: str) -> bool:
    return character >= FIRST_UNSPACED and unicodedata.name(character, "").startswith(UNSPACED)
