"""Pages that people write, with places in them that a program fills."""

from collections.abc import Mapping
from typing import Final

MARK: Final = "<!-- {} -->"
END: Final = "<!-- end -->"


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Each part between `<!-- name -->` and the next `<!-- end -->`. Raises ValueError where there is no such place."""
    for name, part in parts.items():
        before, mark, rest = text.partition(MARK.format(name))
        if not mark or END not in rest:
            raise ValueError(f"there is no place for {name!r}: {MARK.format(name)} … {END}")
        text = f"{before}{mark}\n\n{part}\n\n{END}{rest.partition(END)[2]}"
    return text
