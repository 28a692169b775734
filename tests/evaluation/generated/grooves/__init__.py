"""All styles of the generated set, about half of them in 4/4."""

from tests.evaluation.generated.grooves import compound, four, odd, quiet, three, two
from tests.evaluation.generated.grooves.style import Style

STYLES: tuple[Style, ...] = (
    *four.STYLES,
    *quiet.STYLES,
    *three.STYLES,
    *two.STYLES,
    *compound.STYLES,
    *odd.STYLES,
)
