r"""ASS and SSA with karaoke tags (`\k`), and UltraStar's text files, as enhanced LRC.

ASS: http://www.tcax.org/docs/ass-specs.htm. UltraStar: https://usdx.eu/format/. pysubs2, which writes our ASS, refuses
a whole file for one unusual style, and leaves karaoke tags in the text.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Final

from shared.user_lyrics.timed import CLOCK, clock_seconds

DIALOGUE = re.compile(rf"\s*Dialogue:[^,]*,\s*({CLOCK})\s*,\s*({CLOCK})\s*,(.*)")
FIELDS_BEFORE_TEXT: Final = 6
"""The fields of an ASS event after its end: style, name, three margins, effect."""
OVERRIDES = re.compile(r"\{([^{}]*)\}")
KARAOKE = re.compile(r"\\([kK][fot]?)(\d{1,6})")
DRAWING = re.compile(r"\\p[1-9]")
ASS_BREAK = re.compile(r"\\[Nn]")

BEATS_PER_MINUTE = re.compile(r"#BPM:\s*(\d{1,5}(?:[.,]\d{1,9})?)\s*", re.IGNORECASE)
GAP = re.compile(r"#GAP:\s*(-?\d{1,8})(?:[.,]\d{1,9})?\s*", re.IGNORECASE)
RELATIVE = re.compile(r"#RELATIVE:\s*YES\s*", re.IGNORECASE)
NOTE = re.compile(r"[:*FRG]\s{0,4}(-?\d{1,7})\s{1,4}(\d{1,6})\s{1,4}-?\d{1,4}(?: (.*))?")
PAGE_END = re.compile(r"-\s{0,4}(-?\d{1,7})(?:\s{1,4}(-?\d{1,7}))?\s*")
TEMPO_CHANGE = re.compile(r"B\s{1,4}(-?\d{1,7})(?:[.,]\d{1,9})?\s{1,4}(\d{1,5}(?:[.,]\d{1,9})?)\s*")
"""From this beat on, another tempo. The format deprecates such lines, old files have them."""
SECONDS_OF_BEATS: Final = 15
"""UltraStar's beats are quarters of those that `#BPM` counts."""

LATEST_SECONDS: Final = 999 * 60

Syllable = tuple[float, float, str]
"""Start and end in seconds, and a part of a line with its spaces."""


def as_lrc(text: str) -> str:
    """Return ASS, SSA and UltraStar as enhanced LRC, and any other text as it is."""
    lines = text.split("\n")
    if any(DIALOGUE.fullmatch(line) for line in lines):
        return _lrc(_ass(lines))
    tempo = next((found for line in lines if (found := BEATS_PER_MINUTE.fullmatch(line))), None)
    if tempo and any(NOTE.fullmatch(line) for line in lines):
        return _lrc(_ultrastar(lines, float(tempo[1].replace(",", "."))))
    return text


def _ass(lines: Sequence[str]) -> Iterator[list[Syllable]]:
    """Yield the lines of the events. If styles have karaoke tags, other styles are translations or previews."""
    events = []
    for line in lines:
        event = DIALOGUE.fullmatch(line)
        fields = event[3].split(",", FIELDS_BEFORE_TEXT) if event else []
        if event and len(fields) > FIELDS_BEFORE_TEXT and not DRAWING.search(fields[-1]):
            events.append((clock_seconds(event[1]), clock_seconds(event[2]), fields[0], fields[-1]))
    karaoke = {style for _, _, style, text in events if KARAOKE.search(text)}
    sung = [(start, end, text) for start, end, style, text in events if style in karaoke or not karaoke]
    # Effects repeat an event in several layers.
    for start, end, text in sorted(dict.fromkeys(sung), key=lambda event: event[0]):
        yield from _ass_lines(start, end, text)


def _ass_lines(start: float, end: float, text: str) -> Iterator[list[Syllable]]:
    first, *rest = OVERRIDES.split(text)
    line: list[Syllable] = []
    at, lasts = start, 0.0
    for tags, part in [("", first), *zip(rest[::2], rest[1::2], strict=True)]:
        found = KARAOKE.findall(tags)
        for kind, centiseconds in found:
            at, lasts = (
                (start + int(centiseconds) / 100, 0.0) if kind == "kt" else (at + lasts, int(centiseconds) / 100)
            )
        until = at + lasts if lasts else end
        before, *others = ASS_BREAK.split(part.replace("\\h", " "))
        if line and not found:  # tags of the style do not begin a syllable
            begun, _, words = line.pop()
            line.append((begun, until, words + before))
        else:
            line.append((at, until, before))
        for other in others:
            yield line
            line = [(at, until, other)]
    yield line


def _ultrastar(lines: Sequence[str], beats_per_minute: float) -> Iterator[list[Syllable]]:
    gap = next((int(found[1]) / 1000 for line in lines if (found := GAP.fullmatch(line))), 0.0)
    is_relative = any(RELATIVE.fullmatch(line) for line in lines)
    origin = 0
    tempi = {0: beats_per_minute}
    pages: list[list[tuple[int, int, str]]] = [[]]
    for line in lines:
        if note := NOTE.fullmatch(line):
            first = origin + int(note[1])
            pages[-1].append((first, first + int(note[2]), (note[3] or "").replace("~", "")))
        elif change := TEMPO_CHANGE.fullmatch(line):
            tempi[max(0, origin + int(change[1]))] = float(change[2].replace(",", "."))
        elif line[:1] in {"-", "P", "E"}:
            pages.append([])
            page = PAGE_END.fullmatch(line)
            origin = origin + int(page[2] or page[1]) if page and is_relative else origin
    seconds = _clock_of(tempi)
    for notes in pages:
        yield [(gap + seconds(first), gap + seconds(last), text) for first, last, text in notes]


def _clock_of(tempi: Mapping[int, float]) -> Callable[[int], float]:
    """Return a function from beats to seconds; `tempi` are beats per minute from a beat on, and begin at beat 0."""
    beats = sorted(tempi)
    lengths = [SECONDS_OF_BEATS / tempi[beat] if tempi[beat] else 0.0 for beat in beats]
    changes = accumulate(
        (length * (b - a) for length, (a, b) in zip(lengths, pairwise(beats), strict=False)), initial=0.0
    )
    times = [*changes]

    def seconds(beat: int) -> float:
        index = max(0, bisect_right(beats, beat) - 1)
        return times[index] + lengths[index] * (beat - beats[index])

    return seconds


def _lrc(lines: Iterable[Sequence[Syllable]]) -> str:
    sung = ([syllable for syllable in line if syllable[2].strip()] for line in lines)
    return "\n".join(_lrc_line(line) for line in sung if line)


def _lrc_line(syllables: Sequence[Syllable]) -> str:
    words = "".join(_marked(start, part) for start, _, part in syllables)
    return f"[{_clock(syllables[0][0])}]{words} <{_clock(syllables[-1][1])}>"


def _marked(start: float, part: str) -> str:
    spaces = len(part) - len(part.lstrip())
    return f"{part[:spaces]}<{_clock(start)}>{part[spaces:]}"


def _clock(seconds: float) -> str:
    minutes, milliseconds = divmod(round(1000 * min(max(0.0, seconds), LATEST_SECONDS)), 60_000)
    return f"{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
