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

from services.transcriber.lyrics import Word
from services.transcriber.spelling import form

SILENCE = 0.45
"""How sure a hearing is that there is nothing where it has no word."""
NEAR_SECONDS = 0.8
"""What begins farther apart is not the same word."""
GAP, DIFFERENT = 0.6, 1.0

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
    return [word for word in chosen if word]


def _winner(slot: Slot, language: str | None) -> Word | None:
    votes: dict[str, float] = {}
    for word in slot:
        key = form(word.text, language) if word else ""
        votes[key] = votes.get(key, 0.0) + (word.confidence if word else SILENCE)
    best = max(votes, key=lambda key: votes[key])
    winner = next((word for word in slot if word and form(word.text, language) == best), None)
    place = next((word for word in slot if word), None)
    return winner and place and replace(winner, start=place.start, end=place.end)


def _beside(slots: list[Slot], words: Sequence[Word], language: str | None, count: int) -> list[Slot]:
    """The slots with one more hearing in each; `count` hearings are in them."""
    forms = [form(word.text, language) for word in words]
    costs = _costs(slots, words, forms, language)
    table = np.zeros((len(slots) + 1, len(words) + 1))
    table[:, 0], table[0] = GAP * np.arange(len(slots) + 1), GAP * np.arange(len(words) + 1)
    for i in range(1, len(slots) + 1):
        for j in range(1, len(words) + 1):
            table[i, j] = min(table[i - 1, j - 1] + costs[i - 1, j - 1], table[i - 1, j] + GAP, table[i, j - 1] + GAP)
    merged: list[Slot] = []
    i, j = len(slots), len(words)
    while i or j:
        if i and j and table[i, j] == table[i - 1, j - 1] + costs[i - 1, j - 1]:
            i, j = i - 1, j - 1
            merged.append([*slots[i], words[j]])
        elif i and table[i, j] == table[i - 1, j] + GAP:
            i -= 1
            merged.append([*slots[i], None])
        else:
            j -= 1
            merged.append([*[None] * count, words[j]])
    return merged[::-1]


def _costs(slots: list[Slot], words: Sequence[Word], forms: list[str], language: str | None) -> NDArray[np.float64]:
    costs = np.full((len(slots), len(words)), np.inf)
    for i, slot in enumerate(slots):
        own = [word for word in slot if word]
        known = {form(word.text, language) for word in own}
        for j, word in enumerate(words):
            distance = abs(own[0].start - word.start)
            if distance <= NEAR_SECONDS:
                costs[i, j] = (0 if forms[j] in known else DIFFERENT) + 0.1 * distance / NEAR_SECONDS
    return costs
