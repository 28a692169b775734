"""Times for given words from the words that were heard: taken over where they match, spread where they do not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from services.transcriber.alignment.matching import Pair, matched
from services.transcriber.text.lyrics import Word
from services.transcriber.text.normalization import form
from services.transcriber.text.phrasing import Span

HASTE_SECONDS = 0.12
"""A word takes at least that long when there is room for it."""
LEISURE_SECONDS = 0.6
"""A word that nothing tells of takes at most that long."""


def placed(
    words: Sequence[Word], heard: Sequence[Word], voiced: Sequence[Span], duration: float, language: str | None
) -> list[Word]:
    """The given words, each with a time within `duration` seconds; they may still overlap.

    `heard` in order of time. A matched word's confidence is its similarity times how sure whisper was. The others have
    none and are estimated: they share, by their lengths, what else was heard between their neighbours, or what is
    `voiced` there, or all the time there is.
    """
    pairs = matched([form(word.text, language) for word in words], [form(word.text, language) for word in heard])
    timed = [_timed(word, heard[pair[0]], pair[1]) if pair else word for word, pair in zip(words, pairs, strict=True)]
    for is_lost, indices in groupby(range(len(words)), key=lambda index: pairs[index] is None):
        if is_lost:
            run = list(indices)
            before, after = run[0] - 1, run[-1] + 1
            first, start = _place(pairs, timed, before, (-1, Word("", 0.0, 0.0, 0.0)))
            last, end = _place(pairs, timed, after, (len(heard), Word("", duration, duration, 0.0)))
            others = [(word.start, word.end) for word in heard[first + 1 : last]]
            room = _room(len(run), start.end, end.start, others, voiced)
            if before >= 0 and _length(room) < HASTE_SECONDS * len(run):
                # They were sung together and heard as one word.
                run, room = [before, *run], [(start.start, max(start.end, end.start))]
            for index, span in zip(run, spread([words[index] for index in run], room), strict=True):
                timed[index] = replace(timed[index], start=span[0], end=span[1])
    return timed


def spread(words: Sequence[Word], room: Sequence[Span]) -> list[Span]:
    """The room, in order of time, shared among the words by their lengths."""
    weights = [1 + len(word.text) for word in words]
    whole, total, done, spans = _length(room), sum(weights), 0, []
    for weight in weights:
        spans.append((_at(room, whole * done / total), _at(room, whole * (done + weight) / total, ends=True)))
        done += weight
    return spans


def _timed(word: Word, heard: Word, similarity: float) -> Word:
    confidence = similarity * heard.confidence
    return replace(word, start=heard.start, end=heard.end, confidence=confidence, estimated=heard.estimated)


def _place(
    pairs: Sequence[Pair | None], timed: Sequence[Word], index: int, border: tuple[int, Word]
) -> tuple[int, Word]:
    """Which heard word a given one is, and its time; the border of the song where there is none."""
    pair = pairs[index] if 0 <= index < len(pairs) else None
    return (pair[0], timed[index]) if pair else border


def _room(count: int, start: float, end: float, others: Sequence[Span], voiced: Sequence[Span]) -> list[Span]:
    for spans in (others, voiced):
        inside = _united((max(start, first), min(end, last)) for first, last in spans)
        if _length(inside) >= HASTE_SECONDS * count:
            return inside
    return [(start, max(start, min(end, start + LEISURE_SECONDS * count)))]


def _united(spans: Iterable[Span]) -> list[Span]:
    united: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _length(room: Sequence[Span]) -> float:
    return sum(end - start for start, end in room)


def _at(room: Sequence[Span], offset: float, *, ends: bool = False) -> float:
    """When `offset` seconds of the room have passed: at a border between two spans the later one, unless it `ends`."""
    for start, end in room:
        if offset < end - start or (ends and offset <= end - start + 1e-9):
            return start + offset
        offset -= end - start
    return room[-1][1]
