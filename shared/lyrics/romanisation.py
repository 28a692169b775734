"""Readings of lines in Latin letters, for people who sing in a language whose script they cannot read.

The libraries are those of the extra `romanised`. Without them there are no readings. Arabic and Hebrew have none: their
scripts do not write the vowels that are sung.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final
from unicodedata import name

from shared.normal_forms import normalized

KANA: Final = ("HIRAGANA", "KATAKANA")
HAN: Final = "CJK UNIFIED"
HANGUL: Final = "HANGUL"
SPACE_BEFORE_PUNCTUATION = re.compile(r" (?=[,.!?;:。、])")


def romanised(text: str, language: str | None) -> str | None:
    """Return the reading of a Japanese, Chinese or Korean line; None in other scripts, or without its library.

    Chinese characters are read as Japanese in lines with kana, and if the language of the song is Japanese.
    """
    names = {name(character, "") for character in text}
    kana, han, hangul = (any(each.startswith(script) for each in names) for script in (KANA, HAN, HANGUL))
    if kana or (han and language == "ja"):
        read = _japanese()
    elif hangul:
        read = _korean()
    else:
        read = _chinese() if han else None
    return read(text) if read else None


@cache
def _japanese() -> Callable[[str], str] | None:
    if not (find_spec("cutlet") and find_spec("unidic_lite")):
        return None
    converter: Any = import_module("cutlet").Cutlet(ensure_ascii=False)
    converter.use_foreign_spelling = False
    return lambda text: str(converter.romaji(text, capitalize=False))


@cache
def _chinese() -> Callable[[str], str] | None:
    if not find_spec("pypinyin"):
        return None
    pypinyin: Any = import_module("pypinyin")

    def read(text: str) -> str:
        syllables = " ".join(pypinyin.lazy_pinyin(normalized("NFKC", text), style=pypinyin.Style.TONE))
        return SPACE_BEFORE_PUNCTUATION.sub("", " ".join(syllables.split()))

    return read


@cache
def _korean() -> Callable[[str], str] | None:
    return import_module("koroman").romanize if find_spec("koroman") else None
