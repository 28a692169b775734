"""Lines of timed lyrics: LRC, SRT, WebVTT, SBV, and transcripts with a time before each line."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from shared.errors import PermanentError

CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d\d(?:[.,]\d{1,3})?"
CUE = re.compile(rf"\s*({CLOCK})\s*(?:-->|(?<=[.,]\d\d\d),)\s*{CLOCK}\b.*")
LRC_TAG = re.compile(r"\s*\[\s*((?:\d{1,3}:)?\d{1,3}:\d\d(?:[.,:]\d{1,3})?)\s*\]")
LRC_OFFSET = re.compile(r"\s*\[\s*offset\s*:\s*([+-]?\d{1,6})\s*\]\s*", re.IGNORECASE)
LRC_SINGER = re.compile(r"\s*[FMD]:\s*")  # Walaoke's female, male and duet
TRANSCRIPT = re.compile(rf"\s*[(\[]?({CLOCK})[)\]]?(?:\s+|$)")
MAX_REPEATED_CHARACTERS: Final = 20_000
"""A line with several times is sung at each of them, with the lines below that have no time."""
FEWEST_TRANSCRIPT_TIMES = 3
"""A sung line may start with a time (`5:15`), but hardly with ascending times in three lines."""
RUBY = re.compile(r"<r[tp]>[^<]*</r[tp]>", re.IGNORECASE)
TAG = re.compile(r"</?[a-z][^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
WORD_TIME = re.compile(rf"<{CLOCK}>")
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)
VTT_BLOCKS: Final = ("WEBVTT", "NOTE", "STYLE", "REGION")


@dataclass(frozen=True)
class Row:
    """A line of text, without markup, and the time in seconds at which its file says that it starts."""

    text: str
    start: float | None = None


def read_rows(text: str) -> list[Row]:
    """Return the lines in order of time; without times, in their own order."""
    lines = text.split("\n")
    if any(CUE.fullmatch(line) for line in lines):
        rows = _cues(lines)
    elif any(LRC_TAG.match(line) for line in lines):
        rows = _lrc(lines)
    else:
        rows = _transcript(lines)
    return [Row(_without_markup(row.text), row.start) for row in rows]


def _cues(lines: Sequence[str]) -> list[Row]:
    cues = {index: _seconds(cue[1]) for index, line in enumerate(lines) if (cue := CUE.fullmatch(line))}
    is_vtt = lines[0].startswith("WEBVTT")
    # In automatic captions, a cue repeats the line before it without the times of its words.
    rolls = any("<c>" in line and WORD_TIME.search(line) for line in lines)
    rows = [Row(line) for line in _payload(lines, 0, min(cues), is_vtt=is_vtt)]
    before = _without_markup(rows[-1].text).strip() if rows else ""
    payloads = [
        (cues[index], _payload(lines, index + 1, following, is_vtt=is_vtt))
        for index, following in pairwise([*cues, len(lines)])
    ]
    for start, payload in sorted(payloads, key=lambda cue: cue[0]):
        for line in payload:
            words = _without_markup(line).strip()
            if not (rolls and not WORD_TIME.search(line) and words in {"", before}):
                rows.append(Row(line, start))
                before = words
    return rows


def _payload(lines: Sequence[str], start: int, end: int, *, is_vtt: bool) -> Iterator[str]:
    """Yield the text between two lines with times, without the next cue's number and WebVTT's comments and styles."""
    if start < end < len(lines):
        is_separate = end - 2 >= start and not lines[end - 2].strip()
        end -= lines[end - 1].strip().isdigit() or is_separate
    skipping = False
    for index in range(start, end):
        begins_block = index == 0 or not lines[index - 1].strip()
        if begins_block:
            skipping = is_vtt and lines[index].split(" ")[0].strip() in VTT_BLOCKS
        if not skipping and lines[index].strip():
            yield lines[index]


def _lrc(lines: Sequence[str]) -> list[Row]:
    """Return a line for each of its times; a line without a time follows the one before it.

    Raises PermanentError `lyrics_too_long` if that makes many more characters than the text has.
    """
    offsets = [match for line in lines if (match := LRC_OFFSET.fullmatch(line))]
    shift = -int(offsets[-1][1]) / 1000 if offsets else 0.0
    groups: list[tuple[list[float | None], list[str]]] = [([None], [])]
    for line in lines:
        times: list[float | None] = []
        end = 0
        while tag := LRC_TAG.match(line, end):
            times.append(max(0.0, _seconds(tag[1], is_lrc=True) + shift))
            end = tag.end()
        if times:
            singer = LRC_SINGER.match(line, end)
            groups.append((times, [line[singer.end() if singer else end :]]))
        else:
            groups[-1][1].append(line)
    if sum(len(times) * sum(len(text) + 1 for text in texts) for times, texts in groups) > MAX_REPEATED_CHARACTERS:
        raise PermanentError(
            f"The lyrics, repeated at their times, have more than {MAX_REPEATED_CHARACTERS} characters",
            code="lyrics_too_long",
        )
    timed = [(time, texts) for times, texts in groups for time in times]
    timed.sort(key=lambda group: -1.0 if group[0] is None else group[0])
    return [Row(text, time) for time, texts in timed for text in texts]


def _transcript(lines: Sequence[str]) -> list[Row]:
    found = [_seconds(match[1]) for line in lines if (match := TRANSCRIPT.match(line))]
    if len(found) < FEWEST_TRANSCRIPT_TIMES or found != sorted(found):
        return [Row(line) for line in lines]
    rows: list[Row] = []
    start: float | None = None
    for line in lines:
        match = TRANSCRIPT.match(line)
        start = _seconds(match[1]) if match else start
        rows.append(Row(line[match.end() :] if match else line, start))
    # A time on a line of its own is no blank line.
    return [row for row, line in zip(rows, lines, strict=True) if row.text.strip() or not line.strip()]


def _seconds(clock: str, *, is_lrc: bool = False) -> float:
    parts = clock.replace(",", ".").split(":")
    if is_lrc and len(parts) == 3 and "." not in parts[2]:  # noqa: PLR2004 -- [mm:ss:xx]
        parts = [parts[0], f"{parts[1]}.{parts[2]}"]
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + float(part)
    return seconds


def _without_markup(text: str) -> str:
    """Remove tags, times of words and readings (ruby), and resolve entities."""
    text = TAG.sub("", RUBY.sub("", WORD_TIME.sub("", text)))
    return ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
