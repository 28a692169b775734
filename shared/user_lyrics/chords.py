"""Chords and tablature above the words, which are not sung."""

import re
from collections.abc import Sequence

CHORD = (
    r"[A-H](?:#|b|♯|♭)?(?:maj|min|dim|aug|sus|add|m|M|-|\+|°|ø|Δ)*\d{0,2}(?:(?:maj|sus|add|dim|aug|[#b♯♭+-])\d{0,2})*"
)
SYLLABLE = r"(?:Do|DO|Re|RE|Ré|Mi|MI|Fa|FA|Sol|SOL|La|LA|Si|SI)(?:#|b)?(?:maj|dim|sus|m|M|-|\+)?\d{0,2}"
TOKEN = re.compile(rf"\(?(?:(?:{CHORD}|{SYLLABLE})(?:/(?:[A-H](?:#|b|♯|♭)?|{SYLLABLE}))?|N\.?C\.?)\*?\)?")
LONGEST_CHORD = 12  # characters
PLAIN = re.compile(r"[A-H]|Do|DO|Re|RE|Ré|Mi|MI|Fa|FA|Sol|SOL|La|LA|Si|SI")
FILLING = re.compile(r"[|/%:.\-–—]+|\(?[x×]\d{1,2}\)?|\(?\d{1,2}[x×]\)?")
DIRECTIVE = re.compile(r"\s*\{[^{}]*\}\s*")  # ChordPro
TABLATURE = re.compile(r"\s*+[A-Ga-g]?[#b]?\s*+[-|:0-9hpbrxs/\\~()^*.]+")
APART = re.compile(r"\S {3,}\S")


def without_chords(lines: Sequence[str]) -> list[str]:
    """Return the lines with an empty one in the place of chords, tablature and ChordPro's directives.

    Plain letters (`A B C`) are chords only in a text with other chords, or if they stand apart from each other. Spaces
    of the lines must be intact.
    """
    has_chords = any(len(line.split()) > 1 and _is_chords(line) and not _is_plain(line) for line in lines)

    def is_sung(line: str) -> bool:
        if DIRECTIVE.fullmatch(line) or ("---" in line and TABLATURE.fullmatch(line)):
            return False
        if not _is_chords(line):
            return True
        if _is_plain(line):
            return not (_is_apart(line) or (has_chords and not _is_syllables(line)))
        return not has_chords

    return [line if is_sung(line) else "" for line in lines]


def _is_chords(line: str) -> bool:
    tokens = line.replace("|", " ").split()
    chords = [token for token in tokens if not FILLING.fullmatch(token)]
    return bool(chords) and all(len(token) <= LONGEST_CHORD and TOKEN.fullmatch(token) for token in chords)


def _is_plain(line: str) -> bool:
    return all(PLAIN.fullmatch(token) or FILLING.fullmatch(token) for token in line.split())


def _is_syllables(line: str) -> bool:
    """Return whether the names of the chords are also sung: `La la`."""
    return any(len(token) > 1 and token[0].isalpha() for token in line.split() if not FILLING.fullmatch(token))


def _is_apart(line: str) -> bool:
    return bool(APART.search(line))
