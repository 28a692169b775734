"""Arrival times and lengths of the songs of a day."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAY_SECONDS: Final = 86_400
HOURLY: Final = (
    *(0.45, 0.30, 0.20, 0.15, 0.15, 0.20),  # from midnight
    *(0.35, 0.50, 0.60, 0.65, 0.75, 0.85),
    *(0.95, 0.95, 0.95, 1.05, 1.20, 1.45),
    *(1.85, 2.35, 2.70, 2.50, 1.80, 1.00),  # people sing in the evening
)
"""Relative number of songs in each hour."""
PEAK: Final = max(HOURLY) * len(HOURLY) / sum(HOURLY)
"""The busiest hour relative to the mean hour."""

BURSTS_A_DAY: Final = 3
BURST_SECONDS: Final = 600
BURST_FACTOR: Final = 3.0
"""Factor by which a burst multiplies the rate, for example when a post is shared widely."""

MEDIAN_SONG_SECONDS: Final = 210
SONG_SPREAD: Final = 0.35
"""Standard deviation of the logarithm: two songs of three are between 2.5 and 5 minutes long."""
MEAN_SONG_SECONDS: Final = MEDIAN_SONG_SECONDS * float(np.exp(SONG_SPREAD**2 / 2))
SHORTEST_SECONDS: Final = 1
LONGEST_SECONDS: Final = 1200


def day(songs: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return arrivals in seconds after midnight, ascending, and the lengths of the songs in seconds.

    Arrivals are an inhomogeneous Poisson process with bursts and a mean of `songs`, by thinning (Lewis and Shedler,
    1979).
    """
    bursts = np.sort(rng.uniform(0, DAY_SECONDS, rng.poisson(BURSTS_A_DAY)))
    expected = 1 + BURSTS_A_DAY * BURST_SECONDS * (BURST_FACTOR - 1) / DAY_SECONDS
    mean = songs / DAY_SECONDS / expected
    most = mean * max(HOURLY) / float(np.mean(HOURLY)) * BURST_FACTOR
    candidates = np.sort(rng.uniform(0, DAY_SECONDS, rng.poisson(most * DAY_SECONDS)))
    rate = mean * _hourly(candidates) * _burst(candidates, bursts)
    at = candidates[rng.uniform(0, most, len(candidates)) < rate]
    lengths = rng.lognormal(np.log(MEDIAN_SONG_SECONDS), SONG_SPREAD, len(at))
    return at, np.clip(lengths, SHORTEST_SECONDS, LONGEST_SECONDS)


def _hourly(at: Floats) -> Floats:
    """Return the rate relative to its mean, interpolated between the middles of the hours."""
    middles = (np.arange(-1, 25) + 0.5) * 3600
    hourly = np.array([HOURLY[-1], *HOURLY, HOURLY[0]]) / np.mean(HOURLY)
    return np.asarray(np.interp(at, middles, hourly), float)


def _burst(at: Floats, starts: Floats) -> Floats:
    """Return the factor of bursts, which do not add up where they overlap."""
    if not len(starts):
        return np.ones_like(at)
    last = np.searchsorted(starts, at, side="right") - 1
    within = (last >= 0) & (at - starts[last] < BURST_SECONDS)
    return np.where(within, BURST_FACTOR, 1.0)
