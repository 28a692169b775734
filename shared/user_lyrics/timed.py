"""Lines of timed lyrics: LRC, SRT, WebVTT, SBV, and transcripts with a time before each line.

`shared.user_lyrics.karaoke_files` makes LRC of ASS and UltraStar.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise, zip_longest
from typing import Final

from shared.errors import PermanentError

CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d\d(?:[.,]\d{1,3})?"
CUE = re.compile(rf"\s*({CLOCK})\s*(?:-->|(?<=[.,]\d\d\d),)\s*({CLOCK})\b.*")
LRC_CLOCK = r"(?:\d{1,3}:)?\d{1,3}:\d{1,2}"
LRC_TAG = re.compile(rf"\s*\[\s*({LRC_CLOCK}(?:[.,:]\d{{1,3}})?)\s*\]")
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
MARK = re.compile(rf"<({LRC_CLOCK}(?:[.,:]\d{{1,3}})?)>|\[({LRC_CLOCK}[.,:]\d{{1,3}})\]")
"""Time of the word or syllable behind it, or of the end of the line."""
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)
VTT_BLOCKS: Final = ("WEBVTT", "NOTE", "STYLE", "REGION")


@dataclass(frozen=True)
class Row:
    """A line of text, without markup, and the times in seconds that its file gives it.

    Each of `marks` is the number of characters before it, without spaces, and the time of the word or syllable that
    begins there. `number` is the line's place in its file, which may not be in order of time.
    """

    text: str
    start: float | None = None
    end: float | None = None
    marks: tuple[tuple[int, float], ...] = ()
    number: int = 0

    def with_text(self, text: str) -> "Row":
        """Return the row with a part of its text, or with another text, which has no marks."""
        kept = without_spaces(text)
        skipped = without_spaces(self.text).find(kept)
        if skipped < 0:
            return replace(self, text=text, marks=())
        marks = tuple((at - skipped, time) for at, time in self.marks if skipped <= at <= skipped + len(kept))
        return replace(self, text=text, marks=marks)


def read_rows(text: str) -> list[Row]:
    """Return the lines in order of time; without times, in their own order."""
    lines = text.split("\n")
    shift = 0.0
    if any(CUE.fullmatch(line) for line in lines):
        rows = _cues(lines)
    elif any(LRC_TAG.match(line) for line in lines):
        shift = _lrc_shift(lines)
        rows = _lrc(lines, shift)
    else:
        rows = _transcript(lines)
    times = Counter(row.number for row in rows)
    # The times of the words of a line with several times belong to one of them.
    marked = [_with_marks(row, shift) if times[row.number] == 1 else _without_marks(row) for row in rows]
    return [_with_end(row, following) for row, following in zip_longest(marked, marked[1:])]


def clock_seconds(clock: str, *, is_lrc: bool = False) -> float:
    """Return the seconds of `[h:]mm:ss.xx`, also with a comma; of LRC also those of `mm:ss:xx`."""
    parts = clock.replace(",", ".").split(":")
    if is_lrc and len(parts) == 3 and "." not in parts[2]:  # noqa: PLR2004 -- [mm:ss:xx]
        parts = [parts[0], f"{parts[1]}.{parts[2]}"]
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + float(part)
    return seconds


def without_spaces(text: str) -> str:
    return "".join(text.split())


def _cues(lines: Sequence[str]) -> list[Row]:
    cues = {
        index: (clock_seconds(cue[1]), clock_seconds(cue[2]))
        for index, line in enumerate(lines)
        if (cue := CUE.fullmatch(line))
    }
    is_vtt = lines[0].startswith("WEBVTT")
    # In automatic captions, a cue repeats the line before it without the times of its words.
    rolls = any("<c>" in line and WORD_TIME.search(line) for line in lines)
    rows = [Row(lines[number], number=number) for number in _payload(lines, 0, min(cues), is_vtt=is_vtt)]
    before = _without_markup(rows[-1].text).strip() if rows else ""
    payloads = [
        (cues[index], _payload(lines, index + 1, following, is_vtt=is_vtt))
        for index, following in pairwise([*cues, len(lines)])
    ]
    for (start, end), payload in sorted(payloads, key=lambda cue: cue[0][0]):
        for number in payload:
            words = _without_markup(lines[number]).strip()
            if not (rolls and not WORD_TIME.search(lines[number]) and words in {"", before}):
                rows.append(Row(lines[number], start, None if rolls else end, number=number))
                before = words
    return rows


def _payload(lines: Sequence[str], start: int, end: int, *, is_vtt: bool) -> Iterator[int]:
    """Yield the numbers of the lines between two lines with times that are text.

    The next cue's number, and WebVTT's comments and styles are not.
    """
    if start < end < len(lines):
        is_separate = end - 2 >= start and not lines[end - 2].strip()
        end -= lines[end - 1].strip().isdigit() or is_separate
    skipping = False
    for index in range(start, end):
        begins_block = index == 0 or not lines[index - 1].strip()
        if begins_block:
            skipping = is_vtt and lines[index].split(" ")[0].strip() in VTT_BLOCKS
        if not skipping and lines[index].strip():
            yield index


def _lrc_shift(lines: Sequence[str]) -> float:
    """Return the seconds to add to the times."""
    offsets = [match for line in lines if (match := LRC_OFFSET.fullmatch(line))]
    return -int(offsets[-1][1]) / 1000 if offsets else 0.0


def _lrc(lines: Sequence[str], shift: float) -> list[Row]:
    """Return a line for each of its times; a line without a time follows the one before it.

    Raises PermanentError `lyrics_too_long` if that makes many more characters than the text has.
    """
    groups: list[tuple[list[float | None], list[Row]]] = [([None], [])]
    for number, line in enumerate(lines):
        times: list[float | None] = []
        end = 0
        while tag := LRC_TAG.match(line, end):
            times.append(max(0.0, clock_seconds(tag[1], is_lrc=True) + shift))
            end = tag.end()
        if times:
            singer = LRC_SINGER.match(line, end)
            groups.append((times, [Row(line[singer.end() if singer else end :], number=number)]))
        else:
            groups[-1][1].append(Row(line, number=number))
    if sum(len(times) * sum(len(row.text) + 1 for row in rows) for times, rows in groups) > MAX_REPEATED_CHARACTERS:
        raise PermanentError(
            f"The lyrics, repeated at their times, have more than {MAX_REPEATED_CHARACTERS} characters",
            code="lyrics_too_long",
        )
    timed = [(time, rows) for times, rows in groups for time in times]
    timed.sort(key=lambda group: -1.0 if group[0] is None else group[0])
    return [replace(row, start=time) for time, rows in timed for row in rows]


def _transcript(lines: Sequence[str]) -> list[Row]:
    found = [clock_seconds(match[1]) for line in lines if (match := TRANSCRIPT.match(line))]
    if len(found) < FEWEST_TRANSCRIPT_TIMES or found != sorted(found):
        return [Row(line, number=number) for number, line in enumerate(lines)]
    rows: list[Row] = []
    start: float | None = None
    for number, line in enumerate(lines):
        match = TRANSCRIPT.match(line)
        start = clock_seconds(match[1]) if match else start
        rows.append(Row(line[match.end() :] if match else line, start, number=number))
    # A time on a line of its own is no blank line.
    return [row for row, line in zip(rows, lines, strict=True) if row.text.strip() or not line.strip()]


def _with_marks(row: Row, shift: float) -> Row:
    """Take the times of words out of the text; markup that spans them loses their places."""
    first, *rest = MARK.split(row.text)
    pieces = [first, *rest[2::3]]
    times = [angled or square for angled, square in zip(rest[::3], rest[1::3], strict=True)]
    cleaned = [_without_markup(piece) for piece in pieces]
    text = _without_markup("".join(pieces))
    if text != "".join(cleaned):
        return replace(row, text=text)
    ends = accumulate(len(without_spaces(piece)) for piece in cleaned)
    marks = ((at, max(0.0, clock_seconds(time, is_lrc=True) + shift)) for at, time in zip(ends, times, strict=False))
    return replace(row, text=text, marks=tuple(marks))


def _without_marks(row: Row) -> Row:
    return replace(_with_marks(row, 0.0), marks=())


def _with_end(row: Row, following: Row | None) -> Row:
    """Add the end from a time behind the words, or from a following time without words."""
    if row.marks and row.marks[-1][0] == len(without_spaces(row.text)) > 0:
        return replace(row, end=row.marks[-1][1])
    if following and following.start is not None and not following.text.strip():
        return replace(row, end=row.end or following.start)
    return row


def _without_markup(text: str) -> str:
    """Remove tags, times of words and readings (ruby), and resolve entities."""
    text = TAG.sub("", RUBY.sub("", WORD_TIME.sub("", text)))
    return ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
