"""Headings of sections (`Chorus`, `[Verse 2]`, `## Bridge`, `Припев:`), and labels before sung words (`Both: …`).

Position and punctuation decide, and words where these do not suffice: a line `Solo` is a heading between blank lines,
and is sung inside a verse.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from enum import IntEnum
from functools import cache, lru_cache
from typing import Final

from shared.normal_forms import normalized
from shared.user_lyrics.heading_words import (
    ABBREVIATIONS,
    BREAKS,
    FILLERS,
    INSTRUMENTS,
    LINKS,
    QUALIFIERS,
    SECTIONS,
    SINGERS,
    UNSPACED,
    UNSPACED_QUALIFIERS,
    WORDS,
)

COLONS: Final = (":", "：")
REST = re.compile(r" ?[:：] ?| [-–—|/] | ?[(（\[]")
SEPARATORS = re.compile(r"[\s\-_/&+,.·•|#*()（）]+")
NAME_SEPARATORS = re.compile(r"[\s,&/+、，]+")
WORD_SEPARATORS = re.compile(r"[\s,&/+]+")
DIGITS = re.compile(r"(\d+)")
LABEL = re.compile(r"[^\W\d][^ :：]*(?: \d+)? ?[:：]")
STANZA_NUMBER = re.compile(r"(\d{1,2})(?:[.)]\s+|[.)]?$)")
DECORATION: Final = "#*=~_<>{}|•·●■◆▪-–—()（）〈〉《》「」『』«»\"“”': ："
MARKED = re.compile(r"(?:[#*=~<{|(（〈《«•·●■◆▪]|[_-]{2}).*|[-–—]\s*\S.*[-–—]|.*[:：]", re.DOTALL)
"""A line that shows by a mark that it is a heading, if its words may be one."""
MARKDOWN = re.compile(r"#{2,6}\s+\S.*(?<!#)")
ORDINAL = re.compile(r"[ivx]{1,4}|[a-hאבגדהабвг]")
NUMBER_SIGN = re.compile(r"(?:\b(?:no|nr)\.?|№|n°)\s*(?=\d)")
UNSEEN = re.compile("[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u0652]")
"""Accents and vowel points."""
NAME_LINKS: Final = {"and", "with", "feat", "ft", "featuring", "x", "y", "e", "et", "und", "и", "the", "of", "de", "la",
                     "le", "von", "van", "da", "di", "both", "all"}  # fmt: skip
LONGEST_LABEL = 40  # characters
LONGEST_NAMES = 8  # words
LONGEST_UNCASED_NAME = 4  # characters


class Kind(IntEnum):
    """Likelihood that a line with only this name is a heading."""

    ABBREVIATION = 1
    BREAK = 2
    WORD = 3
    SECTION = 4


def without_headings(lines: Sequence[str], *, has_stanzas: bool) -> list[str]:
    """Return the lines with an empty one in the place of each heading, and without labels before sung words.

    Words of the lines are separated by single spaces.
    Empty lines separate stanzas. If the text `has_stanzas`, a heading begins one, unless it has a mark of its own.
    """
    lines = _without_numbers(lines)
    labels = _repeated_labels(lines)
    text = _Text(lines)
    result: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        begins, ends = not result or not result[-1], not following or text.is_heading(following)
        result.append("" if line in labels else text.sung_part(line, begins=begins, ends=ends, has_stanzas=has_stanzas))
    return result


class _Text:
    def __init__(self, lines: Sequence[str]) -> None:
        self._folded = "\n".join(map(fold, lines))
        # Shorter lines may be names, and a line with a colon may be a label.
        long = [line for line in lines if line.count(" ") > 1 and line.upper() != line.lower() and ":" not in line]
        self._has_headings = any(map(self.is_heading, lines))
        self._has_title_case = 2 * sum(map(_is_title_case, long)) > len(long)

    def is_heading(self, line: str) -> bool:
        """Return whether the line is a heading wherever it stands."""
        kind = _kind(line)
        return bool(MARKDOWN.fullmatch(line)) or kind is Kind.SECTION or bool(kind and MARKED.fullmatch(line))

    def sung_part(self, line: str, *, begins: bool, ends: bool, has_stanzas: bool) -> str:
        """Return what is sung of a line that `begins` or `ends` a stanza or not."""
        if self.is_heading(line):
            return ""
        match _kind(line):
            case Kind.WORD if begins or (self._has_headings and not has_stanzas):
                return ""
            case Kind.BREAK if begins and ends and has_stanzas:
                return ""
            case None:
                return self._without_label(line, continues=not ends)
        return line

    def _without_label(self, line: str, *, continues: bool) -> str:
        """Remove the name of a section or of who sings, and names of singers after it: `Verse 1: Name`."""
        found = REST.search(line)
        if not found:
            return line
        label, rest, mark = line[: found.start()], line[found.end() :].strip(), found[0].strip()
        if mark in COLONS and "_".join(fold(label).split()) in _words(SINGERS):
            return rest
        kind = _kind(label)
        if not kind or not rest or (mark not in COLONS and kind is not Kind.SECTION):
            return line
        continues |= label[-1].isdigit() or "&" in rest
        is_note = mark in {"(", "（"} or (line[0] in "(（" and line[-1] in ")）") or _is_repetition(rest)
        if is_note or (continues and self._is_names(rest.strip(DECORATION))):
            return ""
        return line if kind is Kind.BREAK else rest

    def _is_names(self, text: str) -> bool:
        words = [word for word in NAME_SEPARATORS.split(text) if word]
        if not 0 < len(words) <= LONGEST_NAMES or text.endswith(("!", "?", "…", ",", ";")) or self._occurs_again(text):
            return False
        if text.upper() == text.lower():
            return len("".join(words)) <= LONGEST_UNCASED_NAME * len(words)
        return not self._has_title_case and (_is_title_case(text) or "." in text)

    def _occurs_again(self, text: str) -> bool:
        """Return whether more than one line contains the text."""
        folded = fold(text)
        end = self._folded.find("\n", self._folded.find(folded))
        return end >= 0 and self._folded.find(folded, end) >= 0


def _without_numbers(lines: Sequence[str]) -> list[str]:
    """Remove the numbers of stanzas, as in hymns: `1. Amazing grace`."""
    firsts = [index for index, line in enumerate(lines) if line and (not index or not lines[index - 1])]
    found = {index: number for index in firsts if (number := STANZA_NUMBER.match(lines[index]))}
    if len(found) < 2 or [int(number[1]) for number in found.values()] != [*range(1, len(found) + 1)]:  # noqa: PLR2004 -- a sequence
        return [*lines]
    return [line[found[index].end() :] if index in found else line for index, line in enumerate(lines)]


def _repeated_labels(lines: Sequence[str]) -> Collection[str]:
    """Return labels with unknown words: one word, perhaps a number, and a colon, above at least half of the stanzas."""
    firsts = [line for before, line in zip(["", *lines], lines, strict=False) if line and not before]
    labels = [line for line in firsts if LABEL.fullmatch(line)]
    return {*labels} if len(labels) > 1 and 2 * len(labels) >= len(firsts) else ()


def _is_title_case(text: str) -> bool:
    words = [word.strip("()\"'“”.") for word in WORD_SEPARATORS.split(text)]
    return text != text.lower() and all(not word[:1].islower() or word.lower() in NAME_LINKS for word in words)


def _is_repetition(text: str) -> bool:
    return all(token.isdigit() or token in _other_words() for token in _tokens(text))


def _kind(label: str) -> Kind | None:
    """Return the kind of a name of a section, with numbers and qualifiers or not; None for any other text."""
    return _kind_of_label(label) if len(label) <= LONGEST_LABEL else None


@lru_cache(10_000)
def _kind_of_label(label: str) -> Kind | None:
    read = [*_read(_tokens(label.strip(DECORATION)))]
    names = [(word, kind) for word, kind in read if kind]
    if not names or ("", None) in read or len(dict(names)) < len(names):
        return None
    kind = max(kind for _, kind in names)
    others = [word for word, kind in read if not kind]
    if not _words(LINKS).isdisjoint(others):
        return Kind.WORD if kind is Kind.SECTION else Kind.BREAK
    if kind is Kind.WORD and not _words(FILLERS).isdisjoint(others):
        return Kind.BREAK
    if kind is Kind.ABBREVIATION and (len(names) > 1 or len(names[0][0]) == 1):
        return kind if len(names) == 1 else None
    certain = _words(INSTRUMENTS) | (_words(QUALIFIERS) if kind is Kind.WORD else frozenset())
    return Kind.SECTION if any(word.isdigit() or word in certain for word in others) else kind


def _read(tokens: Sequence[str]) -> Iterator[tuple[str, Kind | None]]:
    """Yield names of sections with their kind, other words of a heading with None, and an empty one for the rest."""
    index = 0
    while index < len(tokens):
        for length in (3, 2, 1):
            word = "_".join(tokens[index : index + length])
            if kind := _named_kind(word):
                yield word, kind
                break
            if length == 1:
                yield word if _belongs_to_heading(word, index) else "", None
        index += length


def _belongs_to_heading(word: str, index: int) -> bool:
    return word.isdigit() or word in _other_words() or (index > 0 and bool(ORDINAL.fullmatch(word)))


def _named_kind(word: str) -> Kind | None:
    for names, kind in (
        (SECTIONS, Kind.SECTION),
        (WORDS, Kind.WORD),
        (BREAKS, Kind.BREAK),
        (ABBREVIATIONS, Kind.ABBREVIATION),
    ):
        if word in _words(names):
            return kind
    return Kind.SECTION if _unspaced().fullmatch(word) else None


def _tokens(label: str) -> list[str]:
    """Split at spaces and punctuation, and between letters and digits."""
    return [token for token in SEPARATORS.split(DIGITS.sub(r" \1 ", NUMBER_SIGN.sub("", fold(label)))) if token]


@cache
def _words(names: str) -> frozenset[str]:
    return frozenset(fold(names).split())


@cache
def _other_words() -> frozenset[str]:
    others = (QUALIFIERS, INSTRUMENTS, FILLERS, LINKS)
    return frozenset().union(*map(_words, others))


@cache
def _unspaced() -> re.Pattern[str]:
    """Return a pattern of a word with at least one name of a section, between other words of headings."""
    names, others = (
        "|".join(map(re.escape, sorted(_words(words), key=len, reverse=True)))
        for words in (UNSPACED, UNSPACED_QUALIFIERS)
    )
    return re.compile(rf"(?:{others}|[a-h])*(?:{names})(?:{others}|{names}|[a-hx×])*")


def fold(text: str) -> str:
    """Return the form in which words are compared: lower case, without accents."""
    return UNSEEN.sub("", normalized("NFKD", text.casefold()))
