"""Notes, in beats, before anybody plays them."""

from dataclasses import dataclass

DRUMS = "drums"
KICK, CRASH, RIDE = 36, 49, 51


@dataclass(frozen=True)
class Note:
    """`start` and `length` in beats, straight: swing is the player's. `late` in seconds; `velocity` 1 to 127."""

    part: str
    pitch: int
    start: float
    length: float
    velocity: float
    late: float = 0.0
