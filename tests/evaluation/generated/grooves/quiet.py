"""4/4 without drums."""

from tests.evaluation.generated.grooves.style import Style

STYLES = (
    Style("strings", "4/4", 1, (84, 116), comp=("block", "stabs"), bass=("eighths", "two"), lead=0.8, tags=("sparse",)),
    Style(
        "ballad", "4/4", 3, (55, 84), comp=("arpeggio",), bass=("roots",), pad=0.6, lead=0.3, sung=1, tags=("sparse",)
    ),
    Style(
        "guitar", "4/4", 3, (76, 132), comp=("strum", "picking"), lead=0.1, pad=0, sung=2, free=True, tags=("sparse",)
    ),
    Style(
        "piano", "4/4", 2, (60, 126), comp=("stride", "block", "arpeggio"), lead=0.9, pad=0, free=True, tags=("sparse",)
    ),
)
