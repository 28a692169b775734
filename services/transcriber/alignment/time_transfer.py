"""Times for the user's lyrics from the recognized words: copied for matching words, interpolated for the others."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf

from services.transcriber.alignment.matching import Match, match_words
from services.transcriber.audio import Span
from services.transcriber.text.normalization import normalize
from shared.lyrics.words import Word

MIN_WORD_SECONDS = 0.12
"""An unmatched word takes at least this long if there is time for it."""
MAX_WORD_SECONDS = 0.6
"""An unmatched word takes at most this long if nothing shows where it is."""
MAX_SUNG_WORD_SECONDS = 1.2
"""An unmatched word takes at most this long in a window, which may extend to a line that is sung much later."""


@dataclass(frozen=True)
class Window:
    """Time in seconds in which a word is sung, and in which it may be recognized to start, as far as they are known."""

    start: float = 0.0
    end: float = inf
    earliest: float = 0.0
    latest: float = inf


def transfer_times(
    words: Sequence[Word],
    recognized: Sequence[Word],
    voiced: Sequence[Span],
    duration: float,
    language: str | None,
    *,
    windows: Sequence[Window] = (),
) -> list[Word]:
    """Return the user's words, each with a time within `duration` seconds; they may still overlap.

    `recognized` is sorted by time. The confidence of a matched word is its similarity times whisper's confidence.
    Unmatched words have confidence 0 and are estimated: they share, in proportion to their lengths, the other words
    recognized between their neighbours, otherwise the `voiced` spans there, otherwise all the time there is.
    With `windows`, one for each word, words match and share time only there.
    """
    windows = windows or [Window()] * len(words)
    starts = [word.start for word in recognized]
    allowed = [range(bisect_left(starts, window.earliest), bisect_right(starts, window.latest)) for window in windows]
    matches = match_words(
        [normalize(word.text, language) for word in words],
        [normalize(word.text, language) for word in recognized],
        allowed,
    )
    timed = [
        _timed(word, recognized[match[0]], match[1]) if match else word
        for word, match in zip(words, matches, strict=True)
    ]
    for (is_unmatched, window), indices in groupby(
        range(len(words)), key=lambda index: (matches[index] is None, windows[index])
    ):
        if is_unmatched:
            run = list(indices)
            before, after = run[0] - 1, run[-1] + 1
            first, start = _neighbour(matches, timed, before, (-1, Word("", 0.0, 0.0, 0.0)))
            last, end = _neighbour(matches, timed, after, (len(recognized), Word("", duration, duration, 0.0)))
            near = recognized[max(first + 1, allowed[run[0]].start) : min(last, allowed[run[0]].stop)]
            others = [(word.start, word.end) for word in near]
            begin, finish = max(start.end, window.start), min(end.start, window.end)
            limit = begin + MAX_SUNG_WORD_SECONDS * len(run) if window.end < inf else inf
            room = _room(len(run), begin, min(finish, limit), others, voiced)
            same = before >= 0 and windows[before] == window
            if same and _length(room) < MIN_WORD_SECONDS * len(run):
                # The words and the one before them were recognized as one word.
                run, room = [before, *run], [(start.start, max(start.end, finish))]
            for index, span in zip(run, distribute([words[index] for index in run], room), strict=True):
                timed[index] = replace(timed[index], start=span[0], end=span[1])
    return timed


def distribute(words: Sequence[Word], room: Sequence[Span]) -> list[Span]:
    """Divide the time spans, sorted by time, among the words in proportion to their lengths."""
    weights = [1 + len(word.text) for word in words]
    whole, total, done, spans = _length(room), sum(weights), 0, []
    for weight in weights:
        spans.append((_at(room, whole * done / total), _at(room, whole * (done + weight) / total, is_end=True)))
        done += weight
    return spans


def _timed(word: Word, recognized: Word, similarity: float) -> Word:
    confidence = similarity * recognized.confidence
    return replace(
        word, start=recognized.start, end=recognized.end, confidence=confidence, estimated=recognized.estimated
    )


def _neighbour(
    matches: Sequence[Match | None], timed: Sequence[Word], index: int, border: tuple[int, Word]
) -> tuple[int, Word]:
    """Return the index of the recognized word and the timed word at `index`, or the border of the song."""
    match = matches[index] if 0 <= index < len(matches) else None
    return (match[0], timed[index]) if match else border


def _room(count: int, start: float, end: float, others: Sequence[Span], voiced: Sequence[Span]) -> list[Span]:
    """Return the spans between `start` and `end` that `count` unmatched words share."""
    for spans in (others, voiced):
        inside = _union((max(start, first), min(end, last)) for first, last in spans)
        if _length(inside) >= MIN_WORD_SECONDS * count:
            return inside
    return [(start, max(start, min(end, start + MAX_WORD_SECONDS * count)))]


def _union(spans: Iterable[Span]) -> list[Span]:
    union: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((start, end))
    return union


def _length(room: Sequence[Span]) -> float:
    return sum(end - start for start, end in room)


def _at(room: Sequence[Span], offset: float, *, is_end: bool = False) -> float:
    """Return the time after `offset` seconds of the spans; between two spans the later one, unless `is_end`."""
    for start, end in room:
        if offset < end - start or (is_end and offset <= end - start + 1e-9):
            return start + offset
        offset -= end - start
    return room[-1][1]
