"""When songs come, and how long they are."""

from dataclasses import dataclass
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
"""How many songs come in each hour; only their proportions count."""

BURSTS_A_DAY: Final = 3
BURST_SECONDS: Final = 600
BURST_FACTOR: Final = 3.0
"""A burst, of a post that goes round, say: so many times what comes anyway, for so long."""

MEDIAN_SONG_SECONDS: Final = 210
SONG_SPREAD: Final = 0.35
"""Of the logarithm: two songs of three are between 2.5 and 5 minutes long."""
MEAN_SONG_SECONDS: Final = MEDIAN_SONG_SECONDS * float(np.exp(SONG_SPREAD**2 / 2))
SHORTEST_SECONDS: Final = 1
LONGEST_SECONDS: Final = 1200


@dataclass(frozen=True)
class Traffic:
    """`at`: seconds after midnight, ascending; `lengths` of the songs, in seconds."""

    at: Floats
    lengths: Floats


def day(songs: float, rng: np.random.Generator) -> Traffic:
    """An inhomogeneous Poisson process of `songs` on average, with bursts, by thinning (Lewis and Shedler, 1979)."""
    bursts = np.sort(rng.uniform(0, DAY_SECONDS, rng.poisson(BURSTS_A_DAY)))
    expected = 1 + BURSTS_A_DAY * BURST_SECONDS * (BURST_FACTOR - 1) / DAY_SECONDS
    mean = songs / DAY_SECONDS / expected
    most = mean * max(HOURLY) / float(np.mean(HOURLY)) * BURST_FACTOR
    candidates = np.sort(rng.uniform(0, DAY_SECONDS, rng.poisson(most * DAY_SECONDS)))
    kept = candidates[rng.uniform(0, most, len(candidates)) < mean * _shape(candidates) * _burst(candidates, bursts)]
    return Traffic(kept, song_lengths(len(kept), rng))


def song_lengths(count: int, rng: np.random.Generator) -> Floats:
    """Seconds; what is shorter or longer than the service takes is as short or long as it takes."""
    lengths = rng.lognormal(np.log(MEDIAN_SONG_SECONDS), SONG_SPREAD, count)
    return np.clip(lengths, SHORTEST_SECONDS, LONGEST_SECONDS)


def _shape(at: Floats) -> Floats:
    """1 on average over the day; straight from the middle of an hour to that of the next."""
    middles = (np.arange(-1, 25) + 0.5) * 3600
    hourly = np.array([HOURLY[-1], *HOURLY, HOURLY[0]]) / np.mean(HOURLY)
    return np.asarray(np.interp(at, middles, hourly), float)


def _burst(at: Floats, starts: Floats) -> Floats:
    """Bursts that overlap are one."""
    if not len(starts):
        return np.ones_like(at)
    last = np.searchsorted(starts, at, side="right") - 1
    within = (last >= 0) & (at - starts[last] < BURST_SECONDS)
    return np.where(within, BURST_FACTOR, 1.0)
