"""How near a result is to the truth, by the field's usual measures."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def sdr(truth: NDArray[np.float64], estimate: NDArray[np.float64]) -> float:
    """Signal-to-distortion ratio in dB, the error being all that differs (Vincent et al. 2006, without filters)."""
    length = min(len(truth), len(estimate))
    truth, estimate = truth[:length], estimate[:length]
    return float(10 * np.log10(np.sum(truth**2) / np.sum((truth - estimate) ** 2)))


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def word_error_rate(truth: Sequence[str], heard: Sequence[str]) -> float:
    """Edits (insert, delete, replace) that turn `heard` into `truth`, for each word of the truth."""
    row = list(range(len(heard) + 1))
    for i, wanted in enumerate(truth, 1):
        above, row[0] = row[0], i
        for j, word in enumerate(heard, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (wanted != word))
    return row[-1] / len(truth)
