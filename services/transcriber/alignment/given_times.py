"""Times that came with the user's lyrics (LRC, SRT, UltraStar …), checked against the recognized words.

Such times may belong to another master of the song, which begins earlier or later: then most lines differ from the
recognized ones by the same shift. They may also belong to another version or be worthless: then they are ignored.
Times that fit limit where in the song the words of a line are searched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, chain
from statistics import median

from services.transcriber.alignment.time_transfer import MAX_WORD_SECONDS, Window
from services.transcriber.text.tokens import GivenLine
from shared.events import GivenTimes
from shared.lyrics.words import Word

AGREEMENT_SECONDS = 0.6
"""Largest distance of a line from its given time, after the shift, if the two agree."""
FEWEST_AGREEING = 0.7
"""Least share of the recognized lines that agree with the given times."""
MOST_DRIFT_SECONDS = 0.5
"""Largest difference between the shifts of the two halves of the song."""
LEAST_SHIFT_SECONDS = 0.3
"""A smaller shift is within the errors of the recognized times, and of people who tap along."""
LARGEST_UNCONFIRMED_SECONDS = 1.0
"""A shift that only one line shows is at most this large."""
EARLY_SECONDS, LATE_SECONDS = 1.2, 0.3
"""A word may be recognized this long before and after its line, whose end is often the start of the next one."""
MOST_LINES_AT_ONCE = 4
"""Most lines of a subtitle; more lines at the same time have no time at all."""
EXACT_SECONDS, FEWEST_EXACT, MOSTLY_EXACT = 0.15, 10, 0.7
"""Given times of words are used as they are if, of this many aligned words, this share is at most so far from them."""


def check(lines: Sequence[GivenLine], timed: Sequence[Sequence[Word]], duration: float) -> GivenTimes | None:
    """Compare the given times with the lines as recognized; None if no times were given.

    Times are used if most recognized lines agree after a common shift, or if no line was recognized and the times are
    possible.
    """
    starts = [start for line in lines if (start := _start(line)) is not None]
    if not starts:
        return None
    shifts = [*_shifts(lines, timed)]
    if not shifts:
        is_possible = 0 < max(starts) < duration and len({*starts}) * MOST_LINES_AT_ONCE >= len(starts)
        return GivenTimes(used=is_possible)
    agreeing = _largest_cluster(shifts)
    shift = median(agreeing)
    confirmed = len(agreeing) > 1 or abs(shift) <= LARGEST_UNCONFIRMED_SECONDS
    if not confirmed or len(agreeing) < FEWEST_AGREEING * len(shifts) or _drift(agreeing) > MOST_DRIFT_SECONDS:
        return GivenTimes(used=False)
    return _shifted(shift)


def word_windows(lines: Sequence[GivenLine], shift: float, duration: float) -> list[Window]:
    """Return the window of each word: from its own given time, or that of a word or line before it, to the next.

    Lines with the same time, such as those of one cue, share a window.
    """

    def moved(time: float) -> float:
        """Return the time in this song; a file's first lines may have been cut off at 0."""
        return min(duration, max(0.0, time + shift)) if time else 0.0

    found: list[list[Window]] = []
    following = duration
    for line, after in zip(reversed(lines), [None, *reversed(lines[1:])], strict=True):
        if after is not None and after.start is not None and after.start != line.start:
            following = moved(after.start)
        if line.start is None:
            found.append([Window()] * len(line.words))
            continue
        start = moved(line.start)
        end = moved(line.end) if line.end is not None and line.end > line.start else following
        marks = [None if mark is None else max(start, moved(mark)) for mark in line.starts]
        begins = accumulate(marks, lambda before, mark: before if mark is None else mark, initial=start)
        ends = [*accumulate(reversed(marks), lambda after, mark: after if mark is None else mark, initial=end)][::-1]
        found.append(
            [
                Window(begin, max(begin, until), start - EARLY_SECONDS, end + LATE_SECONDS)
                for begin, until in zip([*begins][1:], ends[1:], strict=True)
            ]
        )
    return [*chain(*reversed(found))]


def with_exact_times(words: Sequence[Word], lines: Sequence[GivenLine], shift: float) -> list[Word]:
    """Return the words at their given times, if these agree so well with the aligned words that they are better.

    Karaoke files are made by hand, and time every word. `shift` is replaced by a more precise one. A time of 0 may have
    been cut off.
    """
    starts = [*chain(*(line.starts for line in lines))]
    apart = [
        word.start - start
        for word, start in zip(words, starts, strict=True)
        if start and word.confidence and not word.estimated
    ]
    precise = median(apart) if apart else shift
    exact = sum(abs(each - precise) <= EXACT_SECONDS for each in apart)
    if len(apart) < FEWEST_EXACT or exact < MOSTLY_EXACT * len(apart):
        return [*words]
    if abs(precise) <= EXACT_SECONDS:
        precise = 0.0
    return [
        _moved(word, max(0.0, start + precise)) if start else word for word, start in zip(words, starts, strict=True)
    ]


def measured(times: GivenTimes, lines: Sequence[GivenLine], words: Sequence[Word]) -> GivenTimes:
    """Return the use of the times with the shift of the aligned words, which is more precise."""
    starts = [*chain(*([_start(line), *line.starts[1:]] for line in lines))]
    apart = [
        word.start - start
        for word, start in zip(words, starts, strict=True)
        if start and word.confidence and not word.estimated
    ]
    return _shifted(median(apart)) if apart else times


def _shifted(shift: float) -> GivenTimes:
    return GivenTimes(used=True, shift=round(shift, 3) if abs(shift) >= LEAST_SHIFT_SECONDS else 0.0)


def _moved(word: Word, start: float) -> Word:
    return replace(word, start=start, end=start + word.end - word.start, estimated=False)


def _start(line: GivenLine) -> float | None:
    return line.starts[0] if line.starts and line.starts[0] is not None else line.start


def _shifts(lines: Sequence[GivenLine], timed: Sequence[Sequence[Word]]) -> Iterator[float]:
    """Yield recognized minus given start of the first word, of lines that were mostly recognized.

    Whisper lets a first word begin early in the rest before it. A start of 0 may have been cut off.
    """
    for line, words in zip(lines, timed, strict=True):
        start, first = _start(line), words[0]
        recognized = sum(word.confidence > 0 for word in words)
        if start and first.confidence and not first.estimated and 2 * recognized > len(words):
            yield max(first.start, first.end - MAX_WORD_SECONDS) - start


def _largest_cluster(values: Sequence[float]) -> Sequence[float]:
    """Return the largest group of values, in their order, that are within twice the agreement of each other."""
    ordered = sorted(values)
    best, first = range(0), 0
    for last in range(len(ordered)):
        while ordered[last] - ordered[first] > 2 * AGREEMENT_SECONDS:
            first += 1
        best = max(best, range(first, last + 1), key=len)
    return [value for value in values if ordered[best[0]] <= value <= ordered[best[-1]]]


def _drift(shifts: Sequence[float]) -> float:
    """Return the difference between the first and the second half, which is not 0 at another speed."""
    half = len(shifts) // 2
    return abs(median(shifts[-half:]) - median(shifts[:half])) if half > 1 else 0.0
