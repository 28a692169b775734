"""Global alignment of two texts, word by word: the recognized word that corresponds to each word of the user's lyrics.

Needleman and Wunsch, "A general method applicable to the search for similarities in the amino acid sequence of two
proteins", Journal of Molecular Biology 48, 1970. The score of a pair is the Levenshtein similarity of the two words, so
that a misrecognized or mistyped word still finds its counterpart.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

GAP_SCORE = -0.15
"""Score of a word without a counterpart. Low enough that of two equal choruses the nearer one is taken whole."""
MIN_SIMILARITY = 0.5
DIAGONAL, ABOVE, LEFT = range(3)  # the previous cell on the best path

Scores = NDArray[np.float64]
Match = tuple[int, float]
"""Index of a recognized word, and its similarity, 0.5 to 1."""


def match_words(words: Sequence[str], recognized: Sequence[str], allowed: Sequence[range] = ()) -> list[Match | None]:
    """Return the recognized word that corresponds to each word, or None; both are normalized and in order.

    `allowed` gives each word the indices of the recognized words that may correspond to it.
    """
    if not words or not recognized:
        return [None] * len(words)
    columns = np.arange(len(recognized) + 1.0)

    @cache
    def similarities(word: str) -> Scores:
        scores: Scores = cdist([word], recognized, scorer=Levenshtein.normalized_similarity, dtype=np.float64)[0]
        return scores

    row = GAP_SCORE * columns
    steps = np.zeros((len(words) + 1, len(recognized) + 1), np.int8)
    steps[0] = LEFT
    for index, word in enumerate(words, 1):
        similarity = similarities(word)
        pair = row[:-1] + np.where(similarity < MIN_SIMILARITY, -np.inf, _weight(word) * similarity)
        if allowed:
            pair[: allowed[index - 1].start] = pair[allowed[index - 1].stop :] = -np.inf
        best = row + GAP_SCORE
        best[1:] = np.maximum(best[1:], pair)
        steps[index] = ABOVE
        steps[index, 1:][pair >= row[1:] + GAP_SCORE] = DIAGONAL
        # Steps from the left are a running maximum, because each of them has the same score.
        row = np.maximum.accumulate(best - GAP_SCORE * columns) + GAP_SCORE * columns
        steps[index][row > best + 1e-6] = LEFT
    return _trace_back(steps, words, similarities)


def _trace_back(
    steps: NDArray[np.int8], words: Sequence[str], similarities: Callable[[str], Scores]
) -> list[Match | None]:
    found: list[Match | None] = [None] * len(words)
    i, j = len(steps) - 1, steps.shape[1] - 1
    while i and j:
        step = steps[i, j]
        if step == DIAGONAL:
            i, j = i - 1, j - 1
            found[i] = j, float(similarities(words[i])[j])
        else:
            i, j = (i - 1, j) if step == ABOVE else (i, j - 1)
    return found


def _weight(word: str) -> float:
    """Return a greater weight for a long word, because a short one such as `the` says little about its position."""
    return 0.4 + 0.1 * min(len(word), 6)
