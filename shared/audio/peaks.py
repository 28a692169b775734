"""Waveform of a song or stem, for a player to draw without loading the audio. Only engines import this: it needs numpy.

BBC audiowaveform's data format, version 2: https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md
"""

import json
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SAMPLES_PER_PIXEL = 1024
"""43 pixels per second at 44.1 kHz. A player can combine pixels, but not split them."""
FULL_SCALE = 128


def peaks(blocks: Iterable[NDArray[np.float32]], hz: int) -> str:
    """Return JSON with the minimum and maximum sample of each pixel, -128 to 127, of all channels together.

    Blocks are [channel, time], full scale at 1; each but the last consists of whole pixels. A mean of the channels
    would be flat where one inverts the other.
    """
    data = [value for block in blocks for value in _pairs(block).ravel().tolist()]
    document = {
        "version": 2,
        "channels": 1,
        "sample_rate": hz,
        "samples_per_pixel": SAMPLES_PER_PIXEL,
        "bits": 8,
        "length": len(data) // 2,
        "data": data,
    }
    return json.dumps(document, separators=(",", ":"))


def _pairs(block: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return minimum and maximum of each pixel, [pixel, 2]."""
    starts = np.arange(0, block.shape[1], SAMPLES_PER_PIXEL)
    lowest = np.minimum.reduceat(block, starts, axis=1).min(axis=0)
    highest = np.maximum.reduceat(block, starts, axis=1).max(axis=0)
    pairs = np.stack([lowest, highest], axis=1)
    return np.asarray(np.clip(np.rint(pairs * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1), np.int64)
