"""Measures of words and their times."""

import re
import unicodedata
from dataclasses import dataclass

import jiwer
import numpy as np

from tests.evaluation.truth import Word

CLOSE_SECONDS = 0.3


@dataclass(frozen=True)
class Score:
    """Score of one clip: `wrong` counts wrong, missing and invented words, `true` the true words.

    `starts` are errors of the starts of correctly recognized words, in seconds; late is positive.
    """

    wrong: int
    true: int
    heard: int
    starts: tuple[float, ...]

    @property
    def error_rate(self) -> float | None:
        return self.wrong / self.true if self.true else None


def score(true: tuple[Word, ...], found: tuple[Word, ...]) -> Score:
    expected, recognized = normalized(true), normalized(found)
    if not expected or not recognized:
        return Score(len(expected) + len(recognized), len(expected), len(recognized), ())
    output = jiwer.process_words(" ".join(text for text, _ in expected), " ".join(text for text, _ in recognized))
    pairs = [
        (expected[chunk.ref_start_idx + offset][1], recognized[chunk.hyp_start_idx + offset][1])
        for chunk in output.alignments[0]
        if chunk.type == "equal"
        for offset in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    starts = tuple(late - due for due, late in pairs if due is not None and late is not None)
    wrong = output.substitutions + output.deletions + output.insertions
    return Score(wrong, len(expected), len(recognized), starts)


def close(starts: tuple[float, ...]) -> float | None:
    """Return the share of starts within 0.3 s."""
    return float(np.mean(np.abs(starts) <= CLOSE_SECONDS)) if starts else None


def normalized(words: tuple[Word, ...]) -> list[tuple[str, float | None]]:
    """Return texts without case and punctuation, with times; a hyphen or dash separates two words at the same time."""
    return [
        (text, word.start)
        for word in words
        for part in re.split(r"[-–—\s]+", unicodedata.normalize("NFC", word.text.casefold()))
        if (text := re.sub(r"[^\w]", "", part.replace("’", "'")))
    ]
