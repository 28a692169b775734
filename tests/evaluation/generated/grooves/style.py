"""What a style of music leaves open, and what it fixes."""

from dataclasses import dataclass, field

Pool = tuple[str, ...]
"""Bars of a part, a character a step: `X` loud, `x` played, `o` soft, `.` silent; `|` parts bars that alternate.

The tune half of the set draws from the even ones, the report half from the odd ones.
"""


@dataclass(frozen=True)
class Style:
    """`clips` of it are rendered, their tempi spread over `bpm`. `bass` and `comp` name ways to play in `band`.

    Pools without a pattern leave a drum out. `swing` is where the half of a beat falls, 0.5 straight, 0.67 triplets;
    `swung_sixteenths` puts the swing a level lower. `sung` clips have a voice.
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
    tags: tuple[str, ...] = field(default=())

    @property
    def drums(self) -> bool:
        return bool(self.kick or self.snare or self.hat)
