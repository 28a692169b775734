"""Lyrics supplied by a user: normalized text, and the lines that are sung."""

import re
import unicodedata
from typing import Final

from shared.errors import PermanentError

MAX_CHARACTERS: Final = 20_000

LINE_BREAK = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
IN_BRACKETS = re.compile(r"\[[^\]\n]*\]")  # [Chorus], [Verse 2: both], [00:12.34]
LRC_TIME = re.compile(r"<\d+:\d\d(?:[.:]\d+)?>")
TIMES = r"(?:[x×]\s?\d{1,2}|\d{1,2}\s?[x×])"  # noqa: RUF001 -- both are in use
REPEAT = re.compile(rf"\(\s*(?:repeat\s*)?{TIMES}\s*\)|(?<=\s){TIMES}\s*$|^\s*{TIMES}\s*$", re.IGNORECASE)
SECTION = (
    r"verse|(?:pre|post)?[- ]?chorus|refrain|bridge|hook|intro|outro|interlude|instrumental|solo|breakdown|"
    "strophe|couplet|pont|estrofa|estribillo|coro|puente|verso|refrão|ponte|ritornello|strofa"
)
HEADING = re.compile(rf"\(?\s*(?:{SECTION})(?:\s+(?:\d+|[ivx]+|[a-z]))?\s*\)?\s*:?", re.IGNORECASE)


def normalize(body: bytes) -> str:
    """Return the text in NFC with line feeds, without control characters and byte order mark.

    Raises PermanentError `invalid_lyrics` if it is not UTF-8, `lyrics_too_long`, or `empty_lyrics` if no line is sung.
    """
    try:
        text = LINE_BREAK.sub("\n", body.decode()).replace("\t", " ")
    except UnicodeDecodeError as error:
        raise PermanentError("The lyrics are not text in UTF-8", code="invalid_lyrics") from error
    printable = "".join(
        each for each in text if each == "\n" or not (unicodedata.category(each) == "Cc" or each == "\ufeff")
    )
    text = "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", printable).strip().split("\n"))
    if len(text) > MAX_CHARACTERS:
        raise PermanentError(f"The lyrics have more than {MAX_CHARACTERS} characters", code="lyrics_too_long")
    if not sung_lines(text):
        raise PermanentError("The lyrics have no words that are sung", code="empty_lyrics")
    return text


def sung_lines(text: str) -> list[str]:
    """Return the lines that are sung, i.e. that contain a letter or a digit, without their annotations.

    Annotations are text in square brackets, times of an LRC file, repetitions (`(x2)`, or `x2` at the end of a line),
    and lines with only the name of a section: `Verse 1:`, `(Chorus)`, `Pre-Chorus`. A line that is sung twice must be
    written twice.
    """
    lines = []
    for line in text.split("\n"):
        # Collapse spaces first: the patterns would backtrack over long runs of spaces.
        words = " ".join(LRC_TIME.sub("", IN_BRACKETS.sub("", line)).split())
        sung = REPEAT.sub("", words).strip()
        if any(character.isalnum() for character in sung) and not HEADING.fullmatch(sung):
            lines.append(sung)
    return lines
