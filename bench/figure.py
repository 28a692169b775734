"""What a figure of the benchmark is: a module of `bench.figures` that has these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from matplotlib.figure import Figure as Picture

from bench.bench import Bench

Measured = dict[str, Any]
"""What was measured, as `results.json` keeps it: JSON alone, units in the names."""


@dataclass(frozen=True)
class Goal:
    """What is wanted of a value: to be at most, or at least, a limit. `digits` are those shown."""

    what: str
    value: float
    at_most: float | None = None
    at_least: float | None = None
    unit: str = ""
    digits: int = 2

    @property
    def met(self) -> bool:
        over = self.at_most is not None and self.value > self.at_most
        under = self.at_least is not None and self.value < self.at_least
        return not (over or under)


class Figure(Protocol):
    """The module's docstring stands above its table: what is compared with what, and how."""

    __doc__: str | None
    TITLE: str

    def measure(self, bench: Bench) -> Measured: ...

    def goals(self, measured: Measured) -> Sequence[Goal]: ...

    def table(self, measured: Measured) -> str: ...

    def plot(self, measured: Measured, picture: Picture) -> None: ...
