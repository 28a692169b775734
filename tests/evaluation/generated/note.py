"""Notes with times in beats."""

from dataclasses import dataclass

DRUMS = "drums"
KICK, CRASH, RIDE = 36, 49, 51


@dataclass(frozen=True)
class Note:
    """`start` and `length` are in beats, without swing; `late` is a delay in seconds; `velocity` is 1 to 127."""

    part: str
    pitch: int
    start: float
    length: float
    velocity: float
    late: float = 0.0
