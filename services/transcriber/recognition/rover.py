"""Several hearings of the same song made into one, word by word.

Fiscus, "A post-processing system to yield reduced word error rates: Recognizer Output Voting Error Reduction (ROVER)",
ASRU 1997: the hearings are laid side by side, then at each place the word is taken of which most is believed.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from services.transcriber.text.lyrics import Word
from services.transcriber.text.normalization import form

SILENCE = 0.45
"""How sure a hearing is that there is nothing where it has no word."""
NEAR_SECONDS = 0.8
"""What begins farther apart is not the same word."""
GAP, DIFFERENT = 0.6, 1.0  # what leaving a word out costs, and another word in its place
PAIR, ABOVE, LEFT = range(3)  # where the best way to a cell comes from

Slot = list[Word | None]
"""What each hearing so far has at one place."""


def voted(hearings: Sequence[Sequence[Sequence[Word]]], language: str | None) -> list[list[Word]]:
    """The phrases of the first hearing that has some, with the words that all of them elect."""
    present = [phrases for phrases in hearings if phrases]
    if len(present) < 2 or len(hearings) < 2:  # noqa: PLR2004 -- one has nobody to vote with
        return [list(phrase) for phrases in present[:1] for phrase in phrases]
    words = elected([[word for phrase in phrases for word in phrase] for phrases in present], language)
    starts = [phrase[0].start for phrase in present[0][1:]]
    groups = groupby(words, key=lambda word: bisect_right(starts, word.start))
    return [list(group) for _, group in groups]


def elected(hearings: Sequence[Sequence[Word]], language: str | None) -> list[Word]:
    """One row of words, each with the time that the first of the hearings has for its place.

    The words of each hearing in order of time.
    """
    slots: list[Slot] = [[word] for word in hearings[0]]
    for count, words in enumerate(hearings[1:], 1):
        slots = _beside(slots, words, language, count)
    chosen = (_winner(slot, language) for slot in slots)
    return sorted((word for word in chosen if word), key=lambda word: word.start)


def _winner(slot: Slot, language: str | None) -> Word | None:
    """What is believed most, at the time of the first that has a word there."""
    votes: dict[str | None, float] = {}
    for word in slot:
        key = form(word.text, language) if word else None
        votes[key] = votes.get(key, 0.0) + (word.confidence if word else SILENCE)
    best = max(votes, key=lambda key: votes[key])
    words = [word for word in slot if word]
    chosen = [word for word in words if form(word.text, language) == best]
    return replace(chosen[0], start=words[0].start, end=words[0].end) if chosen else None


def _beside(slots: list[Slot], words: Sequence[Word], language: str | None, count: int) -> list[Slot]:
    """The slots with one more hearing in each, by the cheapest alignment; `count` hearings are in them already."""
    costs = _costs(slots, words, language)
    row = [GAP * j for j in range(len(words) + 1)]
    ways = [[LEFT] * len(row)]
    for i in range(len(slots)):
        following, way = [row[0] + GAP], [ABOVE]
        for j in range(len(words)):
            cost, best = min((row[j] + costs[i, j], PAIR), (row[j + 1] + GAP, ABOVE), (following[j] + GAP, LEFT))
            following.append(cost)
            way.append(best)
        row = following
        ways.append(way)
    merged: list[Slot] = []
    i, j = len(slots), len(words)
    while i or j:
        way_here = ways[i][j]
        i, j = i - (way_here != LEFT), j - (way_here != ABOVE)
        own = [None] * count if way_here == LEFT else slots[i]
        merged.append([*own, None if way_here == ABOVE else words[j]])
    return merged[::-1]


def _costs(slots: list[Slot], words: Sequence[Word], language: str | None) -> NDArray[np.float64]:
    forms = [form(word.text, language) for word in words]
    costs = np.full((len(slots), len(words)), np.inf)
    for i, slot in enumerate(slots):
        own = [word for word in slot if word]
        known = {form(word.text, language) for word in own}
        for j, word in enumerate(words):
            distance = abs(own[0].start - word.start)
            if distance <= NEAR_SECONDS:
                costs[i, j] = (0 if forms[j] in known else DIFFERENT) + 0.1 * distance / NEAR_SECONDS
    return costs
