"""What is measured, a module each. Add one here, in the order of the page."""

from bench.figure import Figure
from bench.figures import folding, polling, processor

FIGURES: dict[str, Figure] = {"processor": processor, "polling": polling, "folding": folding}
