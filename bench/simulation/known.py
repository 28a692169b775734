"""What the benchmark has measured; where it has not, what was seen before, by name and with its source."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

RESULTS: Final = Path(__file__).parents[1] / "results.json"

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


class Known:
    def __init__(self, results: Mapping[str, Mapping[str, Any]], quantities: Mapping[str, Quantity]) -> None:
        """`results` as `bench/results.json` has them. Raises KeyError where a figure there lacks what is read of it."""
        self.quantities = quantities
        self._read = {
            name: quantity.read(results[quantity.figure]["measured"])
            for name, quantity in quantities.items()
            if quantity.figure in results
        }

    def value(self, name: str) -> float:
        return self._read.get(name, self.quantities[name].before)

    def source(self, name: str) -> str:
        quantity = self.quantities[name]
        return f"measured, `{quantity.figure}`" if name in self._read else quantity.seen


def results() -> Mapping[str, Mapping[str, Any]]:
    read: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    return read


def a_second(read: Callable[[Measured], float]) -> Callable[[Measured], float]:
    """Of the song that the figure `footprint` is about."""
    return lambda measured: read(measured) / float(measured["song_seconds"])


def mean_events(measured: Measured) -> float:
    return float(sum(measured["events"].values()))


def decoding(form: str) -> Callable[[Measured], float]:
    return a_second(lambda measured: median(measured["decode_cpu_seconds"][form]))
