"""LRC, by the line for every player, and enhanced, by the word, for those that can.

Neither can escape what it would take for a tag: look-alikes stand for that.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from math import floor

from services.transcriber.text.lyrics import PLAIN, Line, joined

BREAK_SECONDS = 3.0
"""A break as long as this leaves the screen empty; the format itself knows no end of a line."""


def to_lrc(lines: Sequence[Line]) -> str:
    """`[mm:ss.xx]words`."""
    return _rows(lines, lambda line: line.text.translate(PLAIN))


def to_elrc(lines: Sequence[Line]) -> str:
    """`[mm:ss.xx]<mm:ss.xx>word <mm:ss.xx>word <mm:ss.xx>`, the last time being the line's end."""

    def timed(line: Line) -> str:
        words = joined((word, f"<{_clock(word.start)}>{word.text.translate(PLAIN)}") for word in line.words)
        return f"{words} <{_clock(line.end)}>"

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
