"""The lines of a user's text that are sung."""

import re
from collections.abc import Sequence
from itertools import groupby
from statistics import median

from shared.user_lyrics.chords import without_chords
from shared.user_lyrics.credits import without_credits
from shared.user_lyrics.headings import without_headings
from shared.user_lyrics.timed import Row, read_rows

BREAK_TAG = re.compile(r"<br\s*/?>\n?", re.IGNORECASE)
IN_BRACKETS = re.compile(r"\[[^\[\]\n]*\]|【[^【】\n]*】|［[^［］\n]*］|〔[^〔〕\n]*〕|〖[^〖〗\n]*〗")
FEWEST_LINES = 6
"""With fewer lines it is not clear that an empty line after each of them means nothing."""
MUSIC_NOTES = re.compile("[♩♪♫♬🎵🎶🎤]+")
TIMES = r"(?:[x×х] ?\d{1,2}|\d{1,2} ?[x×х])"
REPEATED = (
    r"bis|ter|repeat|twice|(?:\d+|two|three|four) times|\d+ ?(?:mal|veces|vezes|fois|volte|razy|раза?|kali|回|번|遍)"
    "|zweimal|dreimal|dos veces|duas vezes|deux fois|due volte|dwa razy|два раза|три раза"
    "|重复|重複|반복|繰り返し|くりかえし"
)
REPETITION = re.compile(
    rf" ?[(（] ?(?:repeat ?)?(?:{TIMES}|{REPEATED}) ?[)）]"
    rf"|(?<!\d)(?<!\bmy)(?<!\bthe)(?<!\byour)(?<!\ba) (?:(?-i:[x×х] ?\d{{1,2}})|\d{{1,2}}[x×х])$"
    rf"|(?-i:(?<=[A-Z]{{2}})!? X ?\d{{1,2}}$)"
    rf"|^{TIMES}$",
    re.IGNORECASE,
)  # fmt: skip
"""Words of a line are separated by single spaces."""


def sung_rows(text: str) -> list[Row]:
    """Return the lines that are sung, i.e. that contain a letter or a digit, in order, without their annotations.

    Annotations are times and markup of LRC, SRT and WebVTT, text in square brackets, chords, credits, names of
    sections, and repetitions (`(x2)`, or `x2` at the end of a line). A line that is sung twice must be written twice.
    """
    rows = read_rows(BREAK_TAG.sub("\n", text))
    lines = without_chords([row.text for row in rows])
    lines = [_without_brackets(line) for line in without_credits(lines)]
    has_stanzas = _has_stanzas(lines)
    kept = [(line, row) for line, row in zip(lines, rows, strict=True) if line or has_stanzas]
    sung = without_headings([line for line, _ in kept], has_stanzas=has_stanzas)
    rows = [row.with_text(REPETITION.sub("", line).strip()) for line, (_, row) in zip(sung, kept, strict=True)]
    return [row for row in rows if any(map(str.isalnum, row.text))]


def _without_brackets(line: str) -> str:
    """Return the words outside of brackets, separated by single spaces."""
    outside = IN_BRACKETS.sub("", IN_BRACKETS.sub("", line))  # twice, for brackets in brackets
    return _without_hashes(" ".join(MUSIC_NOTES.sub("", outside).split()))


def _without_hashes(line: str) -> str:
    """Remove number signs around words: captions mark what is sung by them."""
    first, last = line.find("# "), line.rfind(" #")
    return line[:first] + line[first + 2 : last] + line[last + 2 :] if 0 <= first < last - 2 else line


def _has_stanzas(lines: Sequence[str]) -> bool:
    """Return whether empty lines separate stanzas, and not every line from the next."""
    sizes = [len([*group]) for is_sung, group in groupby(lines, bool) if is_sung]
    return len(sizes) > 1 and (median(sizes) > 1 or len(sizes) < FEWEST_LINES)
