"""SRT, WebVTT with a time for every word, and ASS that fills each word while it is sung; pysubs2 writes them."""

import html
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pysubs2 import Alignment, Color, SSAEvent, SSAFile, SSAStyle
from pysubs2.formats.webvtt import WebVTTFormat

from services.transcriber.text.lyrics import PLAIN, Line, Word, joined

BACKSLASH = str.maketrans({"\\": "\\\N{WORD JOINER}"})
"""What begins a line break or a tag in all that pysubs2 reads begins nothing once something unseen follows it."""
BRACES = str.maketrans({"{": "(", "}": ")"})

LEAD_SECONDS = 3.0
"""How long before its first word a line is there to be read, where the one before it leaves the time."""
WHITE, YELLOW, GREY, BLACK = Color(255, 255, 255), Color(255, 210, 0), Color(190, 190, 190), Color(0, 0, 0)
LARGE, SMALL = 60, 42
UNICODE = -1
"""An encoding that has libass find out by the text whether it runs from right to left."""


def to_srt(lines: Sequence[Line]) -> str:
    cues = [_event(line.start, line.end, line.text.translate(PLAIN).translate(BACKSLASH)) for line in lines]
    return _file(cues).to_string("srt", keep_ssa_tags=True)


def to_vtt(lines: Sequence[Line]) -> str:
    """A timestamp stands before each word but the first, whose time is the cue's: https://www.w3.org/TR/webvtt1/"""

    def timed(line: Line) -> Iterator[tuple[Word, str]]:
        for word in line.words:
            tag = f"<{WebVTTFormat.ms_to_timestamp(_ms(word.start))}>" if word is not line.words[0] else ""
            yield word, tag + html.escape(word.text, quote=False).translate(BACKSLASH)

    cues = [_event(line.start, line.end, joined(timed(line))) for line in lines]
    return _file(cues).to_string("vtt", keep_ssa_tags=True)


def to_ass(lines: Sequence[Line]) -> str:
    r"""Each line is there before it is sung, the next one small beneath it; `\kf` has the length of each word."""
    styles = {
        "Sung": _style(LARGE, YELLOW, margin=110),
        "Next": _style(SMALL, GREY, margin=45),
    }
    shown = [_shown_from(line, before) for before, line in zip([None, *lines], lines, strict=False)]
    cues = [_event(start, line.end, _filled(line, start), "Sung") for start, line in zip(shown, lines, strict=True)]
    cues += [
        _event(start, line.end, following.text.translate(BRACES).translate(BACKSLASH), "Next")
        for start, (line, following) in zip(shown, pairwise(lines), strict=False)
        if following.start - line.end <= LEAD_SECONDS
    ]
    subtitles = _file(cues)
    subtitles.styles = styles
    subtitles.info |= {"PlayResX": "1280", "PlayResY": "720", "WrapStyle": "0", "ScaledBorderAndShadow": "yes"}
    subtitles.sort()
    return subtitles.to_string("ass", header_notice="")


def _shown_from(line: Line, before: Line | None) -> float:
    return min(line.start, max(line.start - LEAD_SECONDS, before.end if before else 0.0))


def _filled(line: Line, shown: float) -> str:
    """The words with their lengths in hundredths of a second, which add up to the line's: no rounding adds up."""
    now = _cs(shown)

    def timed(word: Word) -> str:
        nonlocal now
        start, end = max(_cs(word.start), now), max(_cs(word.end), now)
        rest = rf"{{\k{start - now}}}" if start > now else ""
        now = end
        return rf"{rest}{{\kf{end - start}}}" + word.text.translate(BRACES).translate(BACKSLASH)

    return joined((word, timed(word)) for word in line.words)


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
    return SSAEvent(start=_ms(start), end=_ms(end), text=text, style=style)


def _file(events: Sequence[SSAEvent]) -> SSAFile:
    file = SSAFile()
    file.events = list(events)
    return file


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _cs(seconds: float) -> int:
    return round(seconds * 100)
