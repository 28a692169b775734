"""Sides that are compared: repeated in turn, so that a machine that slows down slows all of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median
from time import perf_counter

Side = Callable[[], object]


def seconds(sides: Mapping[str, Side], runs: int, *, warm_ups: int = 1) -> dict[str, list[float]]:
    """How long each run of each side took, A B A B …; the first `warm_ups` rounds are not counted."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(-warm_ups, runs):
        for name, side in sides.items():
            began = perf_counter()
            side()
            if turn >= 0:
                taken[name].append(round(perf_counter() - began, 4))
    return taken


async def values(
    sides: Mapping[str, Callable[[], Awaitable[float]]], runs: int, *, warm_ups: int = 1
) -> dict[str, list[float]]:
    """What each run of each side gave (a rate, say), in turn as `seconds` has it."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(-warm_ups, runs):
        for name, side in sides.items():
            value = await side()
            if turn >= 0:
                found[name].append(value)
    return found


def ratio(ours: Sequence[float], other: Sequence[float]) -> float:
    """The median of the ratios, round by round: what slowed one round slowed both its sides."""
    return median(mine / theirs for mine, theirs in zip(ours, other, strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
