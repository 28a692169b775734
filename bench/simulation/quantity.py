"""A figure of the benchmark that the simulation and the plan reckon with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Measured = Mapping[str, Any]


@dataclass(frozen=True)
class Quantity:
    """`figure` is the one of the benchmark that has it, `read` finds it there; `before` is what was seen earlier."""

    what: str
    unit: str
    figure: str
    read: Callable[[Measured], float]
    before: float
    seen: str
