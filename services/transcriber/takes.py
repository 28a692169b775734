"""What whisper listens to: the vocals as they are, and nearer to what it learned from, with some music behind them.

Separation takes parts of the voice away with the music, which hurts whisper more than the music itself does, once it
is known where somebody sings.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # mono, 16 kHz

BLENDS: Final[tuple[Callable[[Samples, Samples], Samples], ...]] = (
    lambda vocals, song: vocals + song,
    lambda _vocals, song: song,
)
"""Of vocals and song, the first being the one whose phrases and times are kept."""


def takes(vocals: Samples, song: Samples | None) -> list[Samples]:
    """The vocals alone where there is no song beside them."""
    if song is None:
        return [vocals]
    length = min(len(vocals), len(song))
    return [blend(vocals[:length], song[:length]) for blend in BLENDS]
