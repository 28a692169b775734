"""Styles of music, with their fixed and variable properties."""

from dataclasses import dataclass, field

Pool = tuple[str, ...]
"""Patterns of a part, one character per step: `X` loud, `x` normal, `o` soft, `.` silent; `|` between alternating bars.

The tune half of the set uses the patterns with even indices, the report half those with odd indices.
"""


@dataclass(frozen=True)
class Style:
    """`clips` clips are rendered, with tempi spread over `bpm`; `bass` and `comp` are names of parts.

    A drum with an empty pool is silent. `swing` is the position of the middle of a beat: 0.5 straight, 0.67 triplets;
    `swung_sixteenths` applies it to half beats. `sung` of the clips have a voice.
    """

    name: str
    signature: str
    clips: int
    bpm: tuple[float, float]
    kick: Pool = ()
    snare: Pool = ()
    hat: Pool = ()
    bass: Pool = ()
    comp: Pool = ("block",)
    lead: float = 0.3
    pad: float = 0.3
    swing: tuple[float, float] = (0.5, 0.5)
    swung_sixteenths: bool = False
    anticipation: float = 0.2
    free: bool = False
    groups: tuple[tuple[int, ...], ...] = ()
    snare_notes: tuple[int, ...] = (38, 40)
    hat_notes: tuple[int, ...] = (42, 42, 42, 46, 44)
    kits: tuple[int, ...] = (0, 8, 16)
    sung: int = 0
    loop: bool = False
    tags: tuple[str, ...] = field(default=())

    @property
    def drums(self) -> bool:
        return bool(self.kick or self.snare or self.hat)
