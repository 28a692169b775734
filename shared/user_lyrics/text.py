"""Normalized text of the lyrics that a user supplied."""

import re
import unicodedata
from typing import Final

from shared.errors import PermanentError
from shared.user_lyrics.charset import decode
from shared.user_lyrics.sung import sung_rows

MAX_CHARACTERS: Final = 20_000

LINE_BREAK = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")


def normalize(body: bytes, charset: str | None = None) -> str:
    """Return the text in NFC with line feeds, without control characters and byte order mark.

    Raises PermanentError `unknown_charset`, `invalid_lyrics` if it cannot be decoded, `lyrics_too_long`, or
    `empty_lyrics` if no line is sung.
    """
    text = LINE_BREAK.sub("\n", decode(body, charset)).replace("\t", " ")
    printable = "".join(
        each for each in text if each == "\n" or not (unicodedata.category(each) == "Cc" or each == "\ufeff")
    )
    text = "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", printable).strip().split("\n"))
    if len(text) > MAX_CHARACTERS:
        raise PermanentError(f"The lyrics have more than {MAX_CHARACTERS} characters", code="lyrics_too_long")
    if not sung_rows(text):
        raise PermanentError("The lyrics have no words that are sung", code="empty_lyrics")
    return text
