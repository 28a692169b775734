"""Normalized text of the lyrics that a user supplied."""

import re
import unicodedata
from typing import Final

from shared.errors import PermanentError
from shared.normal_forms import normalized
from shared.user_lyrics.charset import decode
from shared.user_lyrics.karaoke_files import as_lrc
from shared.user_lyrics.sung import sung_rows

MAX_CHARACTERS: Final = 20_000
MAX_BYTES: Final = 5 * MAX_CHARACTERS
"""A character takes at most 4 bytes in UTF-8, and a line may end with two characters."""
MAX_PARTS: Final = 4
"""Most letters and marks that NFC makes one character of, except for rare ones."""

LINE_BREAK = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")


def normalize(body: bytes, charset: str | None = None) -> str:
    """Return the text in NFC with line feeds, without control characters and byte order mark.

    ASS and UltraStar become enhanced LRC, which every version of the transcriber reads.

    Takes up to half a second. Raises PermanentError `unknown_charset`, `invalid_lyrics` if it cannot be decoded,
    `lyrics_too_long`, or `empty_lyrics` if no line is sung.
    """
    too_long = PermanentError(f"The lyrics have more than {MAX_CHARACTERS} characters", code="lyrics_too_long")
    if len(body) > MAX_BYTES:
        raise too_long
    text = LINE_BREAK.sub("\n", decode(body, charset)).replace("\t", " ")
    printable = "".join(
        each for each in text if each == "\n" or not (unicodedata.category(each) == "Cc" or each == "\ufeff")
    )
    if len(printable) > MAX_PARTS * MAX_CHARACTERS:
        raise too_long
    lines = as_lrc(normalized("NFC", printable)).strip().split("\n")
    text = "\n".join(line.rstrip() for line in lines)
    if len(text) > MAX_CHARACTERS:
        raise too_long
    if not sung_rows(text):
        raise PermanentError("The lyrics have no words that are sung", code="empty_lyrics")
    return text
