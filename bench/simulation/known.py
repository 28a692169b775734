"""What the benchmark has measured; where it has not, what was seen before, by name and with its source."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from bench.simulation.quantities import QUANTITIES
from bench.simulation.quantity import Quantity

RESULTS: Final = Path(__file__).parents[1] / "results.json"


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

    def values(self) -> dict[str, float]:
        return {name: self.value(name) for name in self.quantities}


@cache
def known() -> Known:
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    return Known(results, QUANTITIES)
