"""Which heard word each given word is, in order: global alignment of two texts, word by word.

Needleman and Wunsch, "A general method applicable to the search for similarities in the amino acid sequence of two
proteins", Journal of Molecular Biology 48, 1970. What two words are worth together is how similar they are by
Levenshtein's distance, so that a word that was misheard, or mistyped, still finds its place.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

LONGEST_FORM = 24  # characters that are compared
GAP = -0.15
"""What leaving a word out costs. Enough that of two equal choruses the nearer one is taken whole."""
LEAST_SIMILARITY = 0.5
PAIR, ABOVE, LEFT = range(3)  # where the best way to a cell comes from

Scores = NDArray[np.float64]
Pair = tuple[int, float]
"""The index of a heard word, and how similar it is, 0.5 to 1."""


def matched(given: Sequence[str], heard: Sequence[str]) -> list[Pair | None]:
    """For each given form the heard one that it is; None where nothing fits."""
    if not given or not heard:
        return [None] * len(given)
    others, place = _distinct(heard)
    columns = np.arange(len(heard) + 1.0)

    @cache
    def similarities(word: str) -> Scores:
        scores: Scores = _similarities(word, others)[place]
        return scores

    row = GAP * columns
    ways = np.zeros((len(given) + 1, len(heard) + 1), np.int8)
    ways[0] = LEFT
    for index, word in enumerate(given, 1):
        similarity = similarities(word)
        pair = row[:-1] + np.where(similarity < LEAST_SIMILARITY, -np.inf, _worth(word) * similarity)
        best = row + GAP
        best[1:] = np.maximum(best[1:], pair)
        ways[index] = ABOVE
        ways[index, 1:][pair >= row[1:] + GAP] = PAIR
        # Coming from the left is a running maximum, as each step costs the same.
        row = np.maximum.accumulate(best - GAP * columns) + GAP * columns
        ways[index][row > best + 1e-6] = LEFT
    return _traced(ways, given, similarities)


def _traced(ways: NDArray[np.int8], given: Sequence[str], similarities: Callable[[str], Scores]) -> list[Pair | None]:
    found: list[Pair | None] = [None] * len(given)
    i, j = len(ways) - 1, ways.shape[1] - 1
    while i and j:
        way = ways[i, j]
        if way == PAIR:
            i, j = i - 1, j - 1
            found[i] = j, float(similarities(given[i])[j])
        else:
            i, j = (i - 1, j) if way == ABOVE else (i, j - 1)
    return found


def _worth(word: str) -> float:
    """A long word says more about where it is than `the` does."""
    return 0.4 + 0.1 * min(len(word), 6)


def _distinct(words: Sequence[str]) -> tuple[list[str], NDArray[np.intp]]:
    numbers: dict[str, int] = {}
    place = np.array([numbers.setdefault(word, len(numbers)) for word in words], np.intp)
    return list(numbers), place


def _similarities(word: str, others: Sequence[str]) -> Scores:
    """1 less Levenshtein's distance by the longer one's length, to all others at once."""
    word = word[:LONGEST_FORM]
    lengths = np.array([min(len(other), LONGEST_FORM) for other in others])
    letters = np.zeros((len(others), LONGEST_FORM), np.uint32)
    for index, other in enumerate(others):
        letters[index, : lengths[index]] = [ord(letter) for letter in other[:LONGEST_FORM]]
    steps = np.arange(LONGEST_FORM + 1)
    row = np.tile(steps, (len(others), 1))
    for letter in word:
        change = row[:, :-1] + (letters != ord(letter))
        best = row + 1
        best[:, 1:] = np.minimum(best[:, 1:], change)
        row = np.minimum.accumulate(best - steps, axis=1) + steps
    distance = row[np.arange(len(others)), lengths]
    longest = np.maximum(lengths, len(word))
    scores: Scores = 1 - distance / np.maximum(longest, 1)
    return scores
