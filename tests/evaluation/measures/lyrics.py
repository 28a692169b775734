"""How right words are, and how well timed."""

import re
import unicodedata
from dataclasses import dataclass

import jiwer
import numpy as np

from tests.evaluation.truth import Word

CLOSE_SECONDS = 0.3


@dataclass(frozen=True)
class Score:
    """Of one clip: wrong, missing and invented words, of how many true ones; `starts` of words that were heard right,
    in seconds, late positive.
    """

    wrong: int
    true: int
    heard: int
    starts: tuple[float, ...]

    @property
    def error_rate(self) -> float | None:
        return self.wrong / self.true if self.true else None


def score(true: tuple[Word, ...], found: tuple[Word, ...]) -> Score:
    ours, theirs = spelt(true), spelt(found)
    if not ours or not theirs:
        return Score(len(ours) + len(theirs), len(ours), len(theirs), ())
    output = jiwer.process_words(" ".join(text for text, _ in ours), " ".join(text for text, _ in theirs))
    pairs = [
        (ours[chunk.ref_start_idx + offset][1], theirs[chunk.hyp_start_idx + offset][1])
        for chunk in output.alignments[0]
        if chunk.type == "equal"
        for offset in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    starts = tuple(late - due for due, late in pairs if due is not None and late is not None)
    wrong = output.substitutions + output.deletions + output.insertions
    return Score(wrong, len(ours), len(theirs), starts)


def close(starts: tuple[float, ...]) -> float | None:
    """The part of them within 0.3 s."""
    return float(np.mean(np.abs(starts) <= CLOSE_SECONDS)) if starts else None


def spelt(words: tuple[Word, ...]) -> list[tuple[str, float | None]]:
    """Without case and punctuation; what a hyphen or dash joins counts as two words, at one time."""
    return [
        (text, word.start)
        for word in words
        for part in re.split(r"[-–—\s]+", unicodedata.normalize("NFC", word.text.casefold()))
        if (text := re.sub(r"[^\w]", "", part.replace("’", "'")))
    ]
