"""Standard measures of a result against the truth."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein


def sdr(truth: NDArray[np.float64], estimate: NDArray[np.float64]) -> float:
    """Signal-to-distortion ratio in dB, with every difference as distortion (Vincent et al. 2006, without filters)."""
    length = min(len(truth), len(estimate))
    truth, estimate = truth[:length], estimate[:length]
    return float(10 * np.log10(np.sum(truth**2) / np.sum((truth - estimate) ** 2)))


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def word_error_rate(truth: Sequence[str], recognized: Sequence[str]) -> float:
    """Return the insertions, deletions and substitutions that turn `recognized` into `truth`, per word of `truth`."""
    return Levenshtein.distance(recognized, truth) / len(truth)
