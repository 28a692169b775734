"""From words as they were heard to lines that can be sung."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from math import ceil
from unicodedata import east_asian_width

from services.transcriber.text.lyrics import Line, Word

LINE_WIDTH = 42  # characters, as subtitles have it
PAUSE_SECONDS = 0.8
SHORTEST_WORD_SECONDS = 0.02
MISSED_SECONDS = 2.0  # of voice without a word: about the shortest line that is worth a second hearing
SENTENCE_ENDS = tuple(".!?…。！？")  # noqa: RUF001 -- Chinese and Japanese have their own
CLAUSE_ENDS = (*SENTENCE_ENDS, *",;:、，；：")  # noqa: RUF001 -- as above

Span = tuple[float, float]
"""Start and end in seconds."""


def lines(phrases: Iterable[Sequence[Word]]) -> list[Line]:
    """Every phrase in lines of at most 42 columns, cut at sentence ends and pauses, then where it hurts least."""
    return [Line(tuple(line)) for phrase in phrases for sentence in _sentences(phrase) for line in _fitted(sentence)]


def wrapped(given: Iterable[Sequence[Word]]) -> list[Line]:
    """Lines as they were given, those of more than 42 columns cut where it hurts least."""
    return [Line(tuple(part)) for words in given for part in _fitted(list(words))]


def settled(words: Sequence[Word], duration: float) -> list[Word]:
    """The words with times in order: no overlap, at least 20 ms each, within `duration` seconds.

    A word whose start had to move, or that had no length, is marked as estimated.
    """
    shortest = min(SHORTEST_WORD_SECONDS, duration / max(len(words), 1))
    starts: list[float] = []
    for index, word in enumerate(words):
        earliest = starts[-1] + shortest if starts else 0.0
        latest = duration - shortest * (len(words) - index)
        starts.append(min(max(word.start, earliest), latest))
    limits = [*starts, duration][1:]
    return [
        replace(
            word,
            start=start,
            end=min(max(word.end, start + shortest), limit),
            estimated=word.estimated or start != word.start or word.end <= word.start,
        )
        for word, start, limit in zip(words, starts, limits, strict=True)
    ]


def reshaped(words: Iterable[Word], phrases: Iterable[Sequence[Word]]) -> list[list[Word]]:
    """The words in phrases as long as these."""
    rest = iter(words)
    return [list(islice(rest, len(phrase))) for phrase in phrases]


def missed(voiced: Iterable[Span], phrases: Sequence[Span]) -> list[Span]:
    """The parts of at least 2 s that have a voice and no phrase; `phrases` in order of time."""
    gaps = []
    for begin, end in voiced:
        start = begin
        for first, last in [*phrases, (end, end)]:
            gaps.append((start, min(first, end)))
            start = max(start, last)
    return [(start, end) for start, end in gaps if end - start >= MISSED_SECONDS]


def _sentences(phrase: Sequence[Word]) -> list[list[Word]]:
    sentences = [[word] for word in phrase[:1]]
    for before, word in pairwise(phrase):
        if before.text.endswith(SENTENCE_ENDS) or word.start - before.end >= PAUSE_SECONDS:
            sentences.append([])
        sentences[-1].append(word)
    return sentences


def _fitted(words: list[Word]) -> list[list[Word]]:
    width = _width(words)
    if width <= LINE_WIDTH or len(words) == 1:
        return [words]

    parts = ceil(width / LINE_WIDTH)

    def merit(cut: int) -> float:
        """The pause there in seconds, a comma worth half of one, less the distance from an even share of the width."""
        before, after = words[cut - 1], words[cut]
        unevenness = abs(_width(words[:cut]) / width - (parts // 2) / parts)
        return after.start - before.end + 0.5 * before.text.endswith(CLAUSE_ENDS) - 2 * unevenness

    cut = max(range(1, len(words)), key=merit)
    return _fitted(words[:cut]) + _fitted(words[cut:])


def _width(words: Sequence[Word]) -> int:
    """Columns on a screen: a Chinese character takes two."""
    return sum(1 + (east_asian_width(character) in "WF") for character in Line(tuple(words)).text)
