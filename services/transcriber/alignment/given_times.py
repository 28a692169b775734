"""Times that came with the user's lyrics (LRC, SRT, WebVTT), for lines that were not recognized where they say.

Such times may belong to another recording of the song. They are used if, after a common shift, they agree with the
recognized lines. Recognized words keep their own times, which are more precise.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, groupby
from statistics import median

from services.transcriber.alignment.time_transfer import MAX_WORD_SECONDS, MIN_WORD_SECONDS, distribute
from services.transcriber.audio import Span
from services.transcriber.text.phrasing import regroup
from shared.lyrics.words import Word

AGREEMENT_SECONDS = 0.7
"""Largest median distance between the given and the recognized starts of lines, after the shift."""
TOLERANCE_SECONDS = 2.0
"""A recognized line that is farther from its given time was mistaken for another one."""
LONGEST_WORDS = 2 * MAX_WORD_SECONDS


def apply_given_times(
    lines: Sequence[Sequence[Word]], starts: Sequence[float | None], voiced: Sequence[Span], duration: float
) -> list[list[Word]]:
    """Return the lines, those that were hardly recognized at their given times; the same lines if the times disagree.

    `starts` are in seconds. Lines with the same time, such as those of one cue, share the
    time until the next.
    """
    shift = _shift(lines, starts)
    if shift is None:
        return [*map(list, lines)]
    groups = [
        (start, [index for index, _ in group]) for start, group in groupby(enumerate(starts), key=lambda each: each[1])
    ]
    placed = [*map(list, lines)]
    for position, (given, indices) in enumerate(groups):
        if given is None:
            continue
        words = [*chain(*(lines[index] for index in indices))]
        start = max(0.0, given + shift)
        recognized = sum(word.confidence > 0 for word in words)
        if 2 * recognized > len(words) and abs(words[0].start - start) <= TOLERANCE_SECONDS:
            continue
        following = next((each + shift for each, _ in groups[position + 1 :] if each is not None), duration)
        spans = distribute(words, _room(start, min(following, duration), len(words), voiced))
        timed = [
            replace(word, start=first, end=last, confidence=0.0, estimated=True)
            for word, (first, last) in zip(words, spans, strict=True)
        ]
        for index, line in zip(indices, regroup(timed, [lines[index] for index in indices]), strict=True):
            placed[index] = line
    return placed


def _shift(lines: Sequence[Sequence[Word]], starts: Sequence[float | None]) -> float | None:
    """Return the seconds to add to the given times, or None if they do not fit the song."""
    shifts = [
        line[0].start - start
        for line, start in zip(lines, starts, strict=True)
        if start is not None and line[0].confidence and not line[0].estimated
    ]
    shift = median(shifts) if shifts else 0.0
    fits = not shifts or median(abs(each - shift) for each in shifts) <= AGREEMENT_SECONDS
    return shift if fits else None


def _room(start: float, end: float, count: int, voiced: Sequence[Span]) -> list[Span]:
    """Return the voiced spans from `start` on, or all of the time if they are too short for `count` words."""
    end = max(start, min(end, start + LONGEST_WORDS * count))
    room = [(max(start, first), min(end, last)) for first, last in voiced if max(start, first) < min(end, last)]
    if sum(last - first for first, last in room) < MIN_WORD_SECONDS * count:
        return [(start, min(end, start + MAX_WORD_SECONDS * count))]
    return [(start, room[0][1]), *room[1:]]
