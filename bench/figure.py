"""Interface of a figure of the benchmark, which is a module of `bench.figures`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from matplotlib.figure import Figure as Picture

Measured = dict[str, Any]
"""Measured values as `results.json` stores them: JSON only, with units in the names."""


@dataclass(frozen=True)
class Bench:
    """Broker, database and empty folder that one figure uses, and the number of repetitions of each measurement."""

    amqp_url: str
    mongo_url: str
    folder: Path
    runs: int
    log: Callable[[str], None] = print


@dataclass(frozen=True)
class Goal:
    """Limit of a measured value, shown with `digits`."""

    what: str
    value: float
    at_most: float | None = None
    at_least: float | None = None
    unit: str = ""
    digits: int = 2

    @property
    def met(self) -> bool:
        too_high = self.at_most is not None and self.value > self.at_most
        too_low = self.at_least is not None and self.value < self.at_least
        return not (too_high or too_low)


class Figure(Protocol):
    """A module whose docstring says what is compared and how. It stands above the figure's table."""

    __doc__: str | None
    TITLE: str

    def measure(self, bench: Bench) -> Measured: ...

    def goals(self, measured: Measured) -> Sequence[Goal]: ...

    def table(self, measured: Measured) -> str: ...

    def plot(self, measured: Measured, picture: Picture) -> None: ...
