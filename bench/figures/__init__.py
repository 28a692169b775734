"""What is measured, a module each. Add one here, in the order of the page."""

from bench.figure import Figure
from bench.figures import processor, separation

FIGURES: dict[str, Figure] = {"processor": processor, "separation": separation}
