"""Probability that a word of the lyrics is wrong, which shows the lines that a user should look at.

A recognized word is wrong if another word, or none, is sung there. The words of the user's own lyrics are as the user
wrote them, and those that were looked up agree with the song; one is wrong if it starts more than 0.3 s from its time.
A word that a user edited is right. Missing words are not known, and not counted.

It is a logistic regression, whose constants tests/evaluation/review.py fits.
"""

from collections.abc import Mapping, Sequence
from math import exp, log
from statistics import fmean
from typing import Any, Final, Literal, NamedTuple

Source = Literal["heard", "given", "found"]
Evidence = tuple[float, float, float, float]
"""A 1, the word's confidence, the mean confidence of its line, and the logarithm of the line's words per second."""

HEARD: Final[Evidence] = (3.61, -3.92, -3.87, 1.49)
GIVEN: Final[Evidence] = (-1.42, -0.80, -0.72, -0.26)
CONSTANTS: Final[Mapping[Source, Evidence]] = {"heard": HEARD, "given": GIVEN, "found": GIVEN}
DOUBTFUL: Final = 0.4
"""Probability from which on a recognized word is doubtful."""
SLOWEST, FASTEST = 0.5, 8.0
"""Words per second beyond which the pace makes no further difference."""


class Review(NamedTuple):
    """The expected share of words that are wrong, 0 to 1, and the number of lines with a doubtful word."""

    review: float
    doubtful_line_count: int


def of_song(lines: Sequence[Mapping[str, Any]]) -> Review:
    """Return the review of a song; `lines` have the fields of `lyrics.json`. Without words nothing is wrong."""
    words = sum(len(line["words"]) for line in lines)
    expected = sum(line["review"] * len(line["words"]) for line in lines)
    return Review(round(expected / words, 3) if words else 0.0, sum(line["doubtful"] for line in lines))


def reviewed(words: Sequence[Mapping[str, Any]], source: Source) -> dict[str, Any]:
    """Return the fields of a line that follow: its expected share of wrong words, and its words with `doubtful`."""
    probabilities = wrong(words, source)
    doubtful = [
        known is not None and is_doubtful(known, probability, source) and (source == "heard" or word["estimated"])
        for word, known, probability in zip(words, evidence(words), probabilities, strict=True)
    ]
    return {
        "review": round(fmean(probabilities), 3),
        "doubtful": any(doubtful),
        "words": [{**word, "doubtful": each} for word, each in zip(words, doubtful, strict=True)],
    }


def is_doubtful(known: Evidence, probability: float, source: Source) -> bool:
    """Return whether a recognized word is probably wrong, or whether no word of a known line was recognized."""
    return probability >= DOUBTFUL if source == "heard" else known[2] == 0


def evidence(words: Sequence[Mapping[str, Any]]) -> list[Evidence | None]:
    """Return the evidence for each word of a line; None for an edited word, which has no confidence."""
    confidences = [word["confidence"] for word in words if word["confidence"] is not None]
    if not confidences:
        return [None] * len(words)
    seconds = max(words[-1]["end"] - words[0]["start"], 1e-3)
    pace = log(min(max(len(words) / seconds, SLOWEST), FASTEST))
    mean = fmean(confidences)
    return [None if word["confidence"] is None else (1.0, word["confidence"], mean, pace) for word in words]


def wrong(words: Sequence[Mapping[str, Any]], source: Source) -> list[float]:
    """Return for each word of a line the probability that it is wrong."""
    return [
        0.0 if known is None else 1 / (1 + exp(-sum(a * b for a, b in zip(CONSTANTS[source], known, strict=True))))
        for known in evidence(words)
    ]
