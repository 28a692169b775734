"""Waveform of a song or stem, for a player to draw without loading the audio. Only engines import this: it needs numpy.

BBC audiowaveform's data format, version 2: https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md
"""

import json

import numpy as np
from numpy.typing import NDArray

SAMPLES_PER_PIXEL = 1024
"""43 pixels per second at 44.1 kHz. A player can combine pixels, but not split them."""
FULL_SCALE = 128


def peaks(samples: NDArray[np.float32], hz: int) -> str:
    """Return JSON with the minimum and maximum sample of each pixel, -128 to 127, of all channels together.

    Samples are [channel, time], full scale at 1. A mean of the channels would be flat where one inverts the other.
    """
    starts = np.arange(0, samples.shape[1], SAMPLES_PER_PIXEL)
    lowest = np.minimum.reduceat(samples, starts, axis=1).min(axis=0)
    highest = np.maximum.reduceat(samples, starts, axis=1).max(axis=0)
    pairs = np.stack([lowest, highest], axis=1)
    data = np.clip(np.rint(pairs * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(int)
    document = {
        "version": 2,
        "channels": 1,
        "sample_rate": hz,
        "samples_per_pixel": SAMPLES_PER_PIXEL,
        "bits": 8,
        "length": len(starts),
        "data": data.ravel().tolist(),
    }
    return json.dumps(document, separators=(",", ":"))
