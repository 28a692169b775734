"""Markdown tables, and pages written by hand with places that a program fills."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

MARK: Final = "<!-- {} -->"
END: Final = "<!-- end -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """Return a table whose first `left` columns are aligned to the left and the others to the right."""
    lines = [head, ["---" if column < left else "--:" for column in range(len(head))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Put each part between `<!-- name -->` and the next `<!-- end -->`. Raises ValueError without such a place."""
    for name, part in parts.items():
        before, mark, rest = text.partition(MARK.format(name))
        if not mark or END not in rest:
            raise ValueError(f"there is no place for {name!r}: {MARK.format(name)} … {END}")
        text = f"{before}{mark}\n\n{part}\n\n{END}{rest.partition(END)[2]}"
    return text
