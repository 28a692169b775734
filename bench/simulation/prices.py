"""Example prices. They are nobody's offer: put in your own."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Prices:
    """Dollars. The letters are those of the formula in `docs/scaling.md`."""

    gpu_hour: float
    core_hour: float
    stored_gigabyte_month: float
    egress_gigabyte: float


EXAMPLE: Final = Prices(gpu_hour=0.80, core_hour=0.04, stored_gigabyte_month=0.023, egress_gigabyte=0.05)
LETTERS: Final = {
    "G": ("a GPU node", "hour", EXAMPLE.gpu_hour),
    "C": ("a core", "hour", EXAMPLE.core_hour),
    "S": ("storage", "GB and month", EXAMPLE.stored_gigabyte_month),
    "E": ("egress", "GB", EXAMPLE.egress_gigabyte),
}
