"""The spectrum in which notes are looked for: even in pitch, freed of drums, as loud in the treble as in the bass."""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal.windows import hann

Floats = NDArray[np.float32]

FFT, HOP = 8192, 2048
"""At 22 kHz 0.37 s: a semitone apart in the bass is a few hertz."""
BLOCK = 256
"""Frames that are transformed at once, for the memory."""

LOWEST, HIGHEST = 28, 88
"""The MIDI notes that are looked for, E1 to E6."""
TOP: Final = HIGHEST + 12
"""The MIDI note up to which partials are heard."""
FINE: Final = 5
"""Bins a semitone."""
MARGIN: Final = 3
"""Bins beyond either end, to be moved in when the song is put in tune."""

HARMONIC_FRAMES, PERCUSSIVE_BINS = 7, 3 * FINE
AROUND_BINS = 5 * FINE
FLOOR = 0.01
"""Of the loudest bin: what is quieter is not raised by the whitening."""


def spectrum(samples: Floats, hz: int) -> Floats:
    """[bin, frame], of what stands out; bin `MARGIN` is the MIDI note `LOWEST`, `FINE` bins are a semitone."""
    return _whitened(_harmonic(_magnitudes(samples, hz)))


def _magnitudes(samples: Floats, hz: int) -> Floats:
    """Magnitudes, [bin, frame]; frames are centred on their times."""
    padded = np.pad(samples, FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    window = hann(FFT, sym=False).astype(np.float32)
    bins = _bins(hz)
    blocks = [
        bins @ np.abs(np.fft.rfft(frames[start : start + BLOCK] * window)).astype(np.float32).T
        for start in range(0, len(frames), BLOCK)
    ]
    return np.concatenate(blocks, axis=1)


@lru_cache(maxsize=2)
def _bins(hz: int) -> Floats:
    """[bin, FFT's bin]: what of each frequency belongs to each bin, a triangle as wide as two bins, of either kind."""
    notes = LOWEST + np.arange(-MARGIN, (TOP - LOWEST) * FINE + MARGIN + 1) / FINE
    centres = 440 * 2 ** ((notes - 69) / 12)
    width = np.maximum(centres * (2 ** (1 / (12 * FINE)) - 1), hz / FFT)
    distances = np.abs(np.fft.rfftfreq(FFT, 1 / hz) - centres[:, None]) / width[:, None]
    triangles = np.maximum(0, 1 - distances)
    return np.asarray(triangles / triangles.sum(axis=1, keepdims=True), np.float32)


def _harmonic(spectrum: Floats) -> Floats:
    """What lasts, by medians along time and pitch with a soft mask: FitzGerald, DAFx 2010."""
    lasting = median_filter(spectrum, (1, HARMONIC_FRAMES)) ** 2
    sudden = median_filter(spectrum, (PERCUSSIVE_BINS, 1)) ** 2
    return np.asarray(spectrum * lasting / np.maximum(lasting + sudden, np.finfo(np.float32).tiny))


def _whitened(spectrum: Floats) -> Floats:
    """What stands out of the five semitones around it, in standard deviations: as loud in the treble as in the bass."""
    mean = uniform_filter1d(spectrum, AROUND_BINS, axis=0)
    spread = np.sqrt(np.maximum(0, uniform_filter1d(spectrum**2, AROUND_BINS, axis=0) - mean**2))
    floor = FLOOR * spectrum.max() + np.finfo(np.float32).tiny
    return np.asarray(np.maximum(0, spectrum - mean) / (spread + floor))
