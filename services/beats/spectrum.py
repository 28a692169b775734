"""Spectrum for the detection of notes: linear in pitch, without drums, and whitened."""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from services.beats.spectra import frame_count, spectra

Floats = NDArray[np.float32]

FFT, HOP = 8192, 2048
"""0.37 s at 22 kHz, because a semitone in the bass is only a few hertz wide."""
BLOCK = 256
"""Frames that are computed at once, to limit memory."""

LOWEST, HIGHEST = 28, 88
"""Range of MIDI notes that are detected, E1 to E6."""
TOP: Final = HIGHEST + 12
"""Highest MIDI note of partials."""
FINE: Final = 5
"""Bins per semitone."""
MARGIN: Final = 3
"""Additional bins at both ends, for the correction of the tuning."""

HARMONIC_FRAMES, PERCUSSIVE_BINS = 7, 3 * FINE
AROUND_BINS = 5 * FINE
FLOOR = 0.01
"""Share of the loudest bin; whitening does not amplify quieter bins."""


def spectrum(samples: Floats, hz: int) -> Floats:
    """Return the spectrum, [bin, frame]; bin `MARGIN` is the MIDI note `LOWEST`, `FINE` bins are a semitone."""
    bins = _bins(hz)
    found = np.empty((len(bins), frame_count(samples, HOP)), np.float32)
    for block, magnitudes, inner in spectra(samples, FFT, HOP, HARMONIC_FRAMES // 2):
        found[:, block] = _harmonic(bins @ magnitudes)[:, inner]
    floor = FLOOR * found.max() + np.finfo(np.float32).tiny
    for part in blocks(found):
        part[:] = _whitened(part, floor)
    return found


def blocks(values: Floats) -> list[Floats]:
    """Return views of blocks of frames."""
    return [values[:, start : start + BLOCK] for start in range(0, values.shape[1], BLOCK)]


@lru_cache(maxsize=2)
def _bins(hz: int) -> Floats:
    """Return the weight of each FFT bin in each bin, [bin, FFT bin]: triangles, at least two FFT bins wide."""
    notes = LOWEST + np.arange(-MARGIN, (TOP - LOWEST) * FINE + MARGIN + 1) / FINE
    centres = 440 * 2 ** ((notes - 69) / 12)
    width = np.maximum(centres * (2 ** (1 / (12 * FINE)) - 1), hz / FFT)
    distances = np.abs(np.fft.rfftfreq(FFT, 1 / hz) - centres[:, None]) / width[:, None]
    triangles = np.maximum(0, 1 - distances)
    return np.asarray(triangles / triangles.sum(axis=1, keepdims=True), np.float32)


def _harmonic(spectrum: Floats) -> Floats:
    """Return the harmonic part, by medians along time and pitch with a soft mask: FitzGerald, DAFx 2010."""
    harmonic = median_filter(spectrum, (1, HARMONIC_FRAMES)) ** 2
    percussive = median_filter(spectrum, (PERCUSSIVE_BINS, 1)) ** 2
    return np.asarray(spectrum * harmonic / np.maximum(harmonic + percussive, np.finfo(np.float32).tiny))


def _whitened(spectrum: Floats, floor: float) -> Floats:
    """Return the excess over the mean of the surrounding five semitones, in standard deviations."""
    mean = uniform_filter1d(spectrum, AROUND_BINS, axis=0)
    spread = np.sqrt(np.maximum(0, uniform_filter1d(spectrum**2, AROUND_BINS, axis=0) - mean**2))
    return np.asarray(np.maximum(0, spectrum - mean) / (spread + floor))
