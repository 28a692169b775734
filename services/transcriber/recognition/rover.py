"""Combination of several transcripts of the same song by a vote for each word.

Fiscus, "A post-processing system to yield reduced word error rates: Recognizer Output Voting Error Reduction (ROVER)",
ASRU 1997: the transcripts are aligned; at each position the word with the highest summed confidence wins.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from services.transcriber.text.normalization import normalize
from shared.lyrics.words import Word

NO_WORD_CONFIDENCE = 0.45
"""Confidence of a transcript that has no word at a position."""
MAX_DISTANCE_SECONDS = 0.8
"""Words that begin farther apart are not the same word."""
GAP_COST, SUBSTITUTION_COST = 0.6, 1.0
DIAGONAL, ABOVE, LEFT = range(3)  # the previous cell on the best path

Slot = list[Word | None]
"""The word of each transcript so far at one position, or None."""


def combine_phrases(transcripts: Sequence[Sequence[Sequence[Word]]], language: str | None) -> list[list[Word]]:
    """Return the phrases of the first non-empty transcript, with the words that win the vote."""
    present = [phrases for phrases in transcripts if phrases]
    if len(present) < 2 or len(transcripts) < 2:  # noqa: PLR2004 -- a vote needs two
        return [list(phrase) for phrases in present[:1] for phrase in phrases]
    words = combine([[word for phrase in phrases for word in phrase] for phrases in present], language)
    starts = [phrase[0].start for phrase in present[0][1:]]
    groups = groupby(words, key=lambda word: bisect_right(starts, word.start))
    return [list(group) for _, group in groups]


def combine(transcripts: Sequence[Sequence[Word]], language: str | None) -> list[Word]:
    """Return one sequence of words, each with the time of the first transcript that has a word at its position.

    The words of each transcript are sorted by time.
    """
    slots: list[Slot] = [[word] for word in transcripts[0]]
    for count, words in enumerate(transcripts[1:], 1):
        slots = _align(slots, words, language, count)
    winners = (_vote(slot, language) for slot in slots)
    return sorted((word for word in winners if word), key=lambda word: word.start)


def _vote(slot: Slot, language: str | None) -> Word | None:
    """Return the word with the highest summed confidence, at the time of the slot's first word."""
    votes: dict[str | None, float] = {}
    for word in slot:
        key = normalize(word.text, language) if word else None
        votes[key] = votes.get(key, 0.0) + (word.confidence if word else NO_WORD_CONFIDENCE)
    best = max(votes, key=lambda key: votes[key])
    words = [word for word in slot if word]
    chosen = [word for word in words if normalize(word.text, language) == best]
    return replace(chosen[0], start=words[0].start, end=words[0].end) if chosen else None


def _align(slots: list[Slot], words: Sequence[Word], language: str | None, count: int) -> list[Slot]:
    """Add one more transcript to the slots, which hold `count` already, by the alignment of lowest cost."""
    costs = _costs(slots, words, language)
    row = [GAP_COST * j for j in range(len(words) + 1)]
    steps = [[LEFT] * len(row)]
    for i in range(len(slots)):
        following, came_from = [row[0] + GAP_COST], [ABOVE]
        for j in range(len(words)):
            cost, step = min(
                (row[j] + costs[i, j], DIAGONAL), (row[j + 1] + GAP_COST, ABOVE), (following[j] + GAP_COST, LEFT)
            )
            following.append(cost)
            came_from.append(step)
        row = following
        steps.append(came_from)
    merged: list[Slot] = []
    i, j = len(slots), len(words)
    while i or j:
        step = steps[i][j]
        i, j = i - (step != LEFT), j - (step != ABOVE)
        earlier = [None] * count if step == LEFT else slots[i]
        merged.append([*earlier, None if step == ABOVE else words[j]])
    return merged[::-1]


def _costs(slots: list[Slot], words: Sequence[Word], language: str | None) -> NDArray[np.float64]:
    """Return the cost, [slot, word], of putting a word into a slot; infinite if they are too far apart in time."""
    forms = [normalize(word.text, language) for word in words]
    costs = np.full((len(slots), len(words)), np.inf)
    for i, slot in enumerate(slots):
        present = [word for word in slot if word]
        known = {normalize(word.text, language) for word in present}
        for j, word in enumerate(words):
            distance = abs(present[0].start - word.start)
            if distance <= MAX_DISTANCE_SECONDS:
                costs[i, j] = (0 if forms[j] in known else SUBSTITUTION_COST) + 0.1 * distance / MAX_DISTANCE_SECONDS
    return costs
