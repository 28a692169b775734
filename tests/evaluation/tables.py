"""Markdown tables, and their sections in the page."""

from collections.abc import Iterable, Sequence
from pathlib import Path

MARK = "<!-- {} -->"
END = "<!-- end -->"
NOTHING = "–"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with the first column aligned to the left and the others to the right."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(page: Path, name: str, content: str) -> None:
    """Write between `<!-- name -->` and the next `<!-- end -->`. Raises ValueError if the page has no such section."""
    text = page.read_text("utf-8")
    before, mark, rest = text.partition(MARK.format(name))
    if not mark or END not in rest:
        raise ValueError(f"{page} has no section for {name!r}: {MARK.format(name)} … {END}")
    page.write_text(f"{before}{mark}\n\n{content}\n\n{END}{rest.partition(END)[2]}", "utf-8")


def mean(values: Iterable[float | bool | None], digits: int = 2) -> str:
    """Return the mean of the values that are not None."""
    present = [float(value) for value in values if value is not None]
    return f"{sum(present) / len(present):.{digits}f}" if present else NOTHING


def count(number: int, total: int) -> str:
    return f"{number} of {total}" if total else NOTHING


def figure(value: float | None, digits: int = 2, sign: str = "") -> str:
    return NOTHING if value is None else f"{value:{sign}.{digits}f}"
