"""What whisper listens to: the vocals with some of their music put back behind them.

Separation takes parts of the voice away with the music, which harms whisper more than music does once it is known where
somebody sings. How much of it is best differs from song to song: so whisper hears more than one, and they vote.
"""

from typing import Final

import numpy as np

from services.transcriber.alignment.forced_alignment import Samples

MUSIC: Final = (1 / 2, 1 / 3, 1.0)
"""How loud the music is in each take, 1 being the song itself; phrases and times are those of the first."""


def takes(vocals: Samples, music: Samples | None) -> list[Samples]:
    """The vocals alone where their music is not at hand."""
    if music is None:
        return [vocals]
    behind = np.zeros_like(vocals)
    length = min(len(vocals), len(music))
    behind[:length] = music[:length]
    return [vocals + np.float32(share) * behind for share in MUSIC]
