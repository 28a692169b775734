"""Measure of stems."""

import numpy as np
from numpy.typing import NDArray

FLOOR = 1e-9


def sdr(true: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Return the signal-to-distortion ratio in dB of a whole stem (Music Demixing Challenge 2021, Mitsufuji et al.)."""
    length = min(len(true), len(found))
    true, found = true[:length], found[:length]
    return float(10 * np.log10((np.sum(true**2) + FLOOR) / (np.sum((true - found) ** 2) + FLOOR)))
