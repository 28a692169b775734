"""LRC with a time for each line, which every player reads, and enhanced LRC with a time for each word.

Neither format can escape a tag, so similar characters replace brackets.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from math import floor

from shared.lyrics.words import WITHOUT_TAGS, Line, join_words

BREAK_SECONDS = 3.0
"""A longer break clears the screen with an empty line, because LRC has no end time for a line."""


def to_lrc(lines: Sequence[Line]) -> str:
    """Return rows of `[mm:ss.xx]words`."""
    return _rows(lines, lambda line: line.text.translate(WITHOUT_TAGS))


def to_elrc(lines: Sequence[Line]) -> str:
    """Return rows of `[mm:ss.xx]<mm:ss.xx>word <mm:ss.xx>word <mm:ss.xx>`; the last time is the end of the line.

    No space precedes it where none precedes the last word.
    """

    def timed(line: Line) -> str:
        words = join_words((word, f"<{_clock(word.start)}>{word.text.translate(WITHOUT_TAGS)}") for word in line.words)
        return words + " " * line.words[-1].spaced + f"<{_clock(line.end)}>"

    return _rows(lines, timed)


def _rows(lines: Sequence[Line], content: Callable[[Line], str]) -> str:
    def rows() -> Iterator[str]:
        for line, following in zip_longest(lines, lines[1:]):
            yield f"[{_clock(line.start)}]{content(line)}\n"
            if following and following.start - line.end > BREAK_SECONDS:
                yield f"[{_clock(line.end)}]\n"

    return "".join(rows())


def _clock(seconds: float) -> str:
    whole, hundredths = divmod(floor(seconds * 100 + 0.5), 100)
    return f"{whole // 60:02}:{whole % 60:02}.{hundredths:02}"
