"""Lyrics with a time for every word, and the formats that players read."""

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import floor

# LRC and SRT cannot escape what they would take for a tag.
PLAIN = str.maketrans({"[": "(", "]": ")", "<": "‹", ">": "›", "{": "(", "}": ")"})  # noqa: RUF001 -- look-alikes are the point
# A break as long as this leaves the screen empty in LRC, which knows no end of a line.
BREAK_SECONDS = 3.0


@dataclass(frozen=True)
class Word:
    """`start` and `end` in seconds from the song's start, `confidence` 0 to 1.

    `estimated`: the times are a guess. `spaced`: a space stands before it, as nowhere in Chinese or inside `re-do`.
    """

    text: str
    start: float
    end: float
    confidence: float
    estimated: bool = False
    spaced: bool = True


@dataclass(frozen=True)
class Line:
    """What is sung in one go: at least one word."""

    words: tuple[Word, ...]

    @property
    def start(self) -> float:
        return self.words[0].start

    @property
    def end(self) -> float:
        return self.words[-1].end

    @property
    def text(self) -> str:
        return joined((word, word.text) for word in self.words)


def joined(pieces: Iterable[tuple[Word, str]]) -> str:
    """One string of what each word is to be written as, with spaces where the words want them."""
    return "".join(" " * word.spaced + piece for word, piece in pieces).strip()


def to_json(lines: Sequence[Line], *, language: str | None, model: str, alignment: str, source: str = "heard") -> str:
    """`{"language", "model", "alignment", "source", "lines": [{"start", "end", "text", "words": […]}]}`, in ms."""
    document = {
        "language": language,
        "model": model,
        "alignment": alignment,
        "source": source,
        "lines": [
            {
                "start": round(line.start, 3),
                "end": round(line.end, 3),
                "text": line.text,
                "words": [
                    {
                        "text": word.text,
                        "start": round(word.start, 3),
                        "end": round(word.end, 3),
                        "confidence": round(word.confidence, 3),
                        "estimated": word.estimated,
                    }
                    for word in line.words
                ],
            }
            for line in lines
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def to_lrc(lines: Sequence[Line]) -> str:
    """Enhanced LRC: `[mm:ss.xx]<mm:ss.xx>word <mm:ss.xx>word <mm:ss.xx>`, the last time being the line's end."""
    rows = []
    for line, following in zip_longest(lines, lines[1:]):
        words = joined((word, f"<{_lrc(word.start)}>{word.text.translate(PLAIN)}") for word in line.words)
        rows.append(f"[{_lrc(line.start)}]{words} <{_lrc(line.end)}>\n")
        if following and following.start - line.end > BREAK_SECONDS:
            rows.append(f"[{_lrc(line.end)}]\n")
    return "".join(rows)


def to_srt(lines: Sequence[Line]) -> str:
    return "".join(
        f"{number}\n{_clock(line.start, ',')} --> {_clock(line.end, ',')}\n{line.text.translate(PLAIN)}\n\n"
        for number, line in enumerate(lines, 1)
    )


def to_vtt(lines: Sequence[Line]) -> str:
    """WebVTT with a timestamp before each word but the first, whose time is the cue's: https://www.w3.org/TR/webvtt1/"""
    return "WEBVTT\n\n" + "".join(
        f"{_clock(line.start, '.')} --> {_clock(line.end, '.')}\n{joined(_cue(line))}\n\n" for line in lines
    )


def _cue(line: Line) -> Iterable[tuple[Word, str]]:
    for word in line.words:
        tag = f"<{_clock(word.start, '.')}>" if word is not line.words[0] else ""
        yield word, tag + html.escape(word.text, quote=False)


def _clock(seconds: float, point: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{milliseconds:03}"


def _lrc(seconds: float) -> str:
    whole, hundredths = divmod(floor(seconds * 100 + 0.5), 100)
    return f"{whole // 60:02}:{whole % 60:02}.{hundredths:02}"
