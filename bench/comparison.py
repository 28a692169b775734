"""Runs of the compared programs, in alternating order: a machine that slows down slows all of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median
from time import perf_counter


def alternating_seconds(
    programs: Mapping[str, Callable[[], object]], runs: int, *, warm_ups: int = 1
) -> dict[str, list[float]]:
    """Return the durations of all runs, in the order A B A B …, without the first `warm_ups` rounds."""
    durations: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(-warm_ups, runs):
        for name, program in programs.items():
            began = perf_counter()
            program()
            if turn >= 0:
                durations[name].append(round(perf_counter() - began, 4))
    return durations


async def alternating_values(
    programs: Mapping[str, Callable[[], Awaitable[float]]], runs: int, *, warm_ups: int = 1
) -> dict[str, list[float]]:
    """Return the values, such as rates, that all runs return, in the same order."""
    values: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(-warm_ups, runs):
        for name, program in programs.items():
            value = await program()
            if turn >= 0:
                values[name].append(value)
    return values


def ratio(ours: Sequence[float], other: Sequence[float]) -> float:
    """Return the median of the ratios of each round: a slow round slows both programs."""
    return median(mine / theirs for mine, theirs in zip(ours, other, strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
