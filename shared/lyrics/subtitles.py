"""SRT, WebVTT with a time for every word, and ASS that fills each word while it is sung, written by pysubs2."""

import html
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pysubs2 import Alignment, Color, SSAEvent, SSAFile, SSAStyle
from pysubs2.formats.webvtt import WebVTTFormat

from shared.lyrics.words import RIGHT_TO_LEFT, WITHOUT_TAGS, Line, Word, join_words

SAFE_BACKSLASH = str.maketrans({"\\": "\\\N{WORD JOINER}"})
"""A backslash starts a line break or a tag; an invisible character after it prevents that."""
WITHOUT_BRACES = str.maketrans({"{": "(", "}": ")"})

LEAD_SECONDS = 3.0
"""A line is shown this long before its first word, unless the line before it ends later."""
WHITE, YELLOW, GREY, BLACK = Color(255, 255, 255), Color(255, 210, 0), Color(190, 190, 190), Color(0, 0, 0)
LARGE, SMALL = 60, 42
UNICODE = -1
"""An encoding with which libass detects right-to-left text by itself."""


def to_srt(lines: Sequence[Line]) -> str:
    cues = [_event(line.start, line.end, line.text.translate(WITHOUT_TAGS).translate(SAFE_BACKSLASH)) for line in lines]
    return _file(cues).to_string("srt", keep_ssa_tags=True)


def to_vtt(lines: Sequence[Line]) -> str:
    """Return WebVTT with a timestamp before every word but the first of a cue: https://www.w3.org/TR/webvtt1/"""

    def timed(line: Line) -> Iterator[tuple[Word, str]]:
        for word in line.words:
            tag = f"<{WebVTTFormat.ms_to_timestamp(_milliseconds(word.start))}>" if word is not line.words[0] else ""
            yield word, tag + html.escape(word.text, quote=False).translate(SAFE_BACKSLASH)

    cues = [_event(line.start, line.end, join_words(timed(line))) for line in lines]
    return _file(cues).to_string("vtt", keep_ssa_tags=True)


def to_ass(lines: Sequence[Line]) -> str:
    r"""Return ASS: a line appears before it is sung, with the next one smaller below; `\kf` fills each word.

    Renderers fill every word from left to right. A right-to-left word would start at its end, so `\k` highlights it
    at once.
    """
    styles = {
        "Sung": _style(LARGE, YELLOW, margin=110),
        "Next": _style(SMALL, GREY, margin=45),
    }
    show_times = [_show_time(line, before) for before, line in zip([None, *lines], lines, strict=False)]
    cues = [
        _event(start, line.end, _karaoke_text(line, start), "Sung")
        for start, line in zip(show_times, lines, strict=True)
    ]
    cues += [
        _event(start, line.end, following.text.translate(WITHOUT_BRACES).translate(SAFE_BACKSLASH), "Next")
        for start, (line, following) in zip(show_times, pairwise(lines), strict=False)
        if following.start - line.end <= LEAD_SECONDS
    ]
    subtitles = _file(cues)
    subtitles.styles = styles
    subtitles.info |= {"PlayResX": "1280", "PlayResY": "720", "WrapStyle": "0", "ScaledBorderAndShadow": "yes"}
    subtitles.sort()
    return subtitles.to_string("ass", header_notice="")


def _show_time(line: Line, before: Line | None) -> float:
    return min(line.start, max(line.start - LEAD_SECONDS, before.end if before else 0.0))


def _karaoke_text(line: Line, shown: float) -> str:
    """Return the words with their lengths in centiseconds; times are rounded, not lengths, so that no error adds up."""
    now = _centiseconds(shown)

    def timed(word: Word) -> str:
        nonlocal now
        start, end = max(_centiseconds(word.start), now), max(_centiseconds(word.end), now)
        rest = rf"{{\k{start - now}}}" if start > now else ""
        now = end
        fill = "k" if _is_right_to_left(word) else "kf"
        return rf"{rest}{{\{fill}{end - start}}}" + word.text.translate(WITHOUT_BRACES).translate(SAFE_BACKSLASH)

    return join_words((word, timed(word)) for word in line.words)


def _is_right_to_left(word: Word) -> bool:
    return any(unicodedata.bidirectional(character) in RIGHT_TO_LEFT for character in word.text)


def _style(size: int, colour: Color, margin: int) -> SSAStyle:
    return SSAStyle(
        fontsize=size,
        primarycolor=colour,
        secondarycolor=WHITE,
        outlinecolor=BLACK,
        bold=True,
        outline=3,
        shadow=0,
        alignment=Alignment.BOTTOM_CENTER,
        marginv=margin,
        encoding=UNICODE,
    )


def _event(start: float, end: float, text: str, style: str = "Default") -> SSAEvent:
    return SSAEvent(start=_milliseconds(start), end=_milliseconds(end), text=text, style=style)


def _file(events: Sequence[SSAEvent]) -> SSAFile:
    file = SSAFile()
    file.events = list(events)
    return file


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _centiseconds(seconds: float) -> int:
    return round(seconds * 100)
