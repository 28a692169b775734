"""Decoding of text by its byte order mark, its declared charset, or as UTF-8."""

import codecs
from typing import Final

from shared.errors import PermanentError

BYTE_ORDER_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it starts with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
SUPERSETS: Final = {
    "ascii": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le",
    "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "big5": "big5hkscs",
}  # fmt: skip
"""Charsets that browsers decode instead of the declared one: files often declare the smaller one."""
MAX_NAME_CHARACTERS: Final = 40
"""Longest name of a charset that is looked up. Python keeps all that it does not know."""
NOT_CHARSETS: Final = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
"""Python's codecs between texts."""
UTF_16_ZEROS: Final = 1 / 4
"""Least share of zero bytes in UTF-16 without a mark, if most characters are Latin."""


def decode(body: bytes, charset: str | None = None) -> str:
    """Return the text. A byte order mark overrides the declared charset.

    Raises PermanentError `unknown_charset`, with its name, or `invalid_lyrics`.
    """
    for mark, name in BYTE_ORDER_MARKS.items():
        if body.startswith(mark):
            return _decode(body[len(mark) :], name, name.upper())
    if charset:
        return _decode(body, _codec(charset), charset)
    zeros = [body[first::2].count(0) for first in (0, 1)]
    if sum(zeros) >= UTF_16_ZEROS * len(body) > 0:
        name = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        return _decode(body, name, name.upper())
    return _decode(body, "utf-8", "UTF-8, and declare no other charset in their content type")


def _codec(charset: str) -> str:
    for label in (charset, charset.lower().removeprefix("x-")) if len(charset) <= MAX_NAME_CHARACTERS else ():
        try:
            name = codecs.lookup(label.strip()).name
            "a".encode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
        if name not in NOT_CHARSETS:
            return SUPERSETS.get(name, name)
    raise PermanentError(f"The charset {charset!r:.60} is unknown: send the lyrics in UTF-8", code="unknown_charset")


def _decode(body: bytes, codec: str, name: str) -> str:
    try:
        return body.decode(codec)
    except UnicodeError as error:
        raise PermanentError(f"The lyrics are not text in {name}", code="invalid_lyrics") from error
