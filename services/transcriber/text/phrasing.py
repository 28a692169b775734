"""Split phrases into lines that fit a screen, and resolve overlaps between word times."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from math import ceil
from unicodedata import east_asian_width

from shared.lyrics.words import Line, Word

LINE_WIDTH = 42  # columns, a usual limit for subtitles
PAUSE_SECONDS = 0.8
MIN_WORD_SECONDS = 0.02
SENTENCE_ENDS = tuple(".!?…。！？")  # noqa: RUF001 -- includes the Chinese and Japanese marks
CLAUSE_ENDS = (*SENTENCE_ENDS, *",;:、，；：")  # noqa: RUF001 -- as above


def split_lines(phrases: Iterable[Sequence[Word]]) -> list[Line]:
    """Split every phrase into lines of at most 42 columns: at sentence ends and pauses, then at the best place."""
    return [Line(tuple(line)) for phrase in phrases for sentence in _sentences(phrase) for line in _wrap(sentence)]


def wrap_lines(lines: Iterable[Sequence[Word]]) -> list[Line]:
    """Keep the lines, except that those of more than 42 columns are split at the best place."""
    return [Line(tuple(part)) for words in lines for part in _wrap(list(words))]


def resolve_overlaps(words: Sequence[Word], duration: float) -> list[Word]:
    """Return the words with increasing times: no overlap, at least 20 ms each, within `duration` seconds.

    A word whose start moved, or that had no length, is marked as estimated.
    """
    shortest = min(MIN_WORD_SECONDS, duration / max(len(words), 1))
    starts: list[float] = []
    for index, word in enumerate(words):
        earliest = starts[-1] + shortest if starts else 0.0
        latest = duration - shortest * (len(words) - index)
        starts.append(max(0.0, min(max(word.start, earliest), latest)))
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


def regroup(words: Iterable[Word], phrases: Iterable[Sequence[Word]]) -> list[list[Word]]:
    """Group the words into phrases with the same numbers of words as `phrases`."""
    rest = iter(words)
    return [list(islice(rest, len(phrase))) for phrase in phrases]


def _sentences(phrase: Sequence[Word]) -> list[list[Word]]:
    sentences = [[word] for word in phrase[:1]]
    for before, word in pairwise(phrase):
        if before.text.endswith(SENTENCE_ENDS) or word.start - before.end >= PAUSE_SECONDS:
            sentences.append([])
        sentences[-1].append(word)
    return sentences


def _wrap(words: list[Word]) -> list[list[Word]]:
    width = _width(words)
    if width <= LINE_WIDTH or len(words) == 1:
        return [words]

    parts = ceil(width / LINE_WIDTH)

    def merit(cut: int) -> float:
        """Return the pause in seconds, plus 0.5 for a comma, minus twice the distance from an even split."""
        before, after = words[cut - 1], words[cut]
        unevenness = abs(_width(words[:cut]) / width - (parts // 2) / parts)
        return after.start - before.end + 0.5 * before.text.endswith(CLAUSE_ENDS) - 2 * unevenness

    cut = max(range(1, len(words)), key=merit)
    return _wrap(words[:cut]) + _wrap(words[cut:])


def _width(words: Sequence[Word]) -> int:
    """Return the columns on a screen; a Chinese character takes two."""
    return sum(1 + (east_asian_width(character) in "WF") for character in Line(tuple(words)).text)
