"""Grapheme-to-phoneme conversion (g2p) by simple rules, for English words that are missing from the dictionary."""

import re
from typing import Final

PHONES: Final = {
    "augh": "AO", "ough": "AO", "tion": "SH AH N", "sion": "ZH AH N", "eau": "OW", "igh": "AY", "sch": "SH",
    "tch": "CH",
    "ch": "CH", "ck": "K", "dg": "JH", "gh": "G", "kn": "N", "ng": "NG", "ph": "F", "qu": "K W", "sh": "SH", "th": "TH",
    "wh": "W", "wr": "R", "ce": "S", "ci": "S IH", "cy": "S IY", "ge": "JH",
    "ai": "EY", "ar": "AA R", "au": "AO", "aw": "AO", "ay": "EY", "ea": "IY", "ee": "IY", "ei": "EY", "er": "ER",
    "ew": "UW", "ey": "IY", "ie": "IY", "ir": "ER", "oa": "OW", "oi": "OY", "oo": "UW", "or": "AO R", "ou": "AW",
    "ow": "OW", "oy": "OY", "ue": "UW", "ur": "ER",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K",
    "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V",
    "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
LONGEST_GRAPHEME = max(map(len, PHONES))
NOT_A_LETTER = re.compile("[^a-z]")
DOUBLED = re.compile(r"([^aeiou])\1+")
SILENT_E = re.compile(r"(?<=[aeiouy][bcdfgklmnprstvz])e$")
LONG_VOWEL = re.compile(r"([aiou])(?=[bcdfgklmnprstvz]e$)")
LONG_PHONES: Final = {"a": "EY", "i": "AY", "o": "OW", "u": "UW"}


def pronounce(word: str) -> str:
    """Return ARPAbet phones separated by spaces; empty for a word without a letter from a to z."""
    letters = DOUBLED.sub(r"\1", NOT_A_LETTER.sub("", word.lower()))
    long = LONG_VOWEL.search(letters)
    letters, found, position = SILENT_E.sub("", letters), [], 0
    while position < len(letters):
        if long and position == long.start():
            found.append(LONG_PHONES[long[1]])
            position += 1
            continue
        length = next(size for size in range(LONGEST_GRAPHEME, 0, -1) if letters[position : position + size] in PHONES)
        found.append(PHONES[letters[position : position + length]])
        position += length
    return " ".join(found)
