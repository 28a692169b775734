"""Time signatures, and the note that is a beat."""

from typing import Final, Literal, NamedTuple

Pulse = Literal["quarter", "eighth", "dotted quarter"]

NOTES: Final[dict[Pulse, tuple[int, int]]] = {"quarter": (1, 4), "eighth": (1, 8), "dotted quarter": (3, 8)}
"""Each pulse as a fraction of a whole note."""


class Metre(NamedTuple):
    """`beats` in a bar, and the note that is a beat."""

    beats: int
    pulse: Pulse

    @property
    def time_signature(self) -> str:
        """Return `4/4` or `6/8`, for example."""
        count, note = NOTES[self.pulse]
        return f"{self.beats * count}/{note}"


def metre_of(time_signature: str) -> Metre:
    """Return the metre of `4/4` or `6/8`, for example: eighth notes in groups of three are counted as one beat."""
    count, note = map(int, time_signature.split("/"))
    if note == NOTES["quarter"][1]:
        return Metre(count, "quarter")
    return Metre(count // 3, "dotted quarter") if count % 3 == 0 else Metre(count, "eighth")
