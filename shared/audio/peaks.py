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
    """Return JSON with the minimum and maximum sample of each pixel, -128 to 127, with all channels mixed to one.

    Samples are [channel, time], full scale at 1.
    """
    mono = samples.mean(axis=0)
    starts = np.arange(0, len(mono), SAMPLES_PER_PIXEL)
    pairs = np.stack([np.minimum.reduceat(mono, starts), np.maximum.reduceat(mono, starts)], axis=1)
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
