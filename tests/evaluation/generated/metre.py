"""Metres of the set and their beats per bar."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metre:
    """`groups` are the numbers of beats in each group of a bar; `division` of a beat is 2, or 3 in compound time."""

    signature: str
    groups: tuple[int, ...]
    division: int = 2

    @property
    def beats(self) -> int:
        return sum(self.groups)

    @property
    def starts(self) -> tuple[int, ...]:
        """Beats on which groups begin, from 0."""
        return tuple(sum(self.groups[:index]) for index in range(len(self.groups)))


METRES = {
    metre.signature: metre
    for metre in (
        Metre("2/4", (2,)),
        Metre("3/4", (3,)),
        Metre("4/4", (2, 2)),
        Metre("5/4", (3, 2)),
        Metre("6/8", (1, 1), division=3),
        Metre("12/8", (2, 2), division=3),
        Metre("7/4", (4, 3)),
        Metre("7/8", (2, 2, 3), division=1),
    )
}
