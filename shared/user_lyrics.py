"""Lyrics that a user gives: text made plain, and the lines of it that are sung."""

import re
import unicodedata
from typing import Final

from shared.errors import PermanentError

MAX_CHARACTERS: Final = 20_000

LINE_BREAK = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
IN_BRACKETS = re.compile(r"\[[^\]\n]*\]")  # [Chorus], [Verse 2: both], [00:12.34]
LRC_TIME = re.compile(r"<\d+:\d\d(?:[.:]\d+)?>")
TIMES = r"(?:[x×]\s?\d{1,2}|\d{1,2}\s?[x×])"  # noqa: RUF001 -- people write either
REPEAT = re.compile(rf"\(\s*(?:repeat\s*)?{TIMES}\s*\)|(?<=\s){TIMES}\s*$|^\s*{TIMES}\s*$", re.IGNORECASE)
SECTION = (
    r"verse|(?:pre|post)?[- ]?chorus|refrain|bridge|hook|intro|outro|interlude|instrumental|solo|breakdown|"
    "strophe|couplet|pont|estrofa|estribillo|coro|puente|verso|refrão|ponte|ritornello|strofa"
)
HEADING = re.compile(rf"\(?\s*(?:{SECTION})(?:\s+(?:\d+|[ivx]+|[a-z]))?\s*\)?\s*:?", re.IGNORECASE)


def normalize(body: bytes) -> str:
    """The text as it is kept: NFC, lines that end with a line feed, no control characters, no byte order mark.

    Raises PermanentError `invalid_lyrics` for what is not UTF-8, `lyrics_too_long`, or `empty_lyrics` when there is
    nothing to sing in it.
    """
    try:
        text = LINE_BREAK.sub("\n", body.decode()).replace("\t", " ")
    except UnicodeDecodeError as error:
        raise PermanentError("The lyrics are not text in UTF-8", code="invalid_lyrics") from error
    kept = "".join(
        each for each in text if each == "\n" or not (unicodedata.category(each) == "Cc" or each == "\ufeff")
    )
    text = "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", kept).strip().split("\n"))
    if len(text) > MAX_CHARACTERS:
        raise PermanentError(f"The lyrics have more than {MAX_CHARACTERS} characters", code="lyrics_too_long")
    if not sung_lines(text):
        raise PermanentError("The lyrics have no words that are sung", code="empty_lyrics")
    return text


def sung_lines(text: str) -> list[str]:
    """The lines with something to sing in them, a letter or a digit.

    Not sung is what stands in square brackets, the times of an LRC file, how often something is repeated (`(x2)`, or
    `x2` at a line's end), and a line that is only a section's name: `Verse 1:`, `(Chorus)`, `Pre-Chorus`. What is sung
    twice has to be written twice.
    """
    lines = []
    for line in text.split("\n"):
        # Patterns meet single spaces alone: they would try every way to share out a long row of them.
        words = " ".join(LRC_TIME.sub("", IN_BRACKETS.sub("", line)).split())
        sung = REPEAT.sub("", words).strip()
        if any(character.isalnum() for character in sung) and not HEADING.fullmatch(sung):
            lines.append(sung)
    return lines
