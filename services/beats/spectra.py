"""Magnitudes of the short-time Fourier transform, in blocks: those of a whole song take a hundred times its memory."""

from collections.abc import Iterator
from typing import Final

import librosa
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

BLOCK: Final = 1 << 20
"""Bins of all frames of a block."""


def frame_count(samples: Samples, hop: int) -> int:
    """Return the number of frames; the first is at the first sample, the last not after the last sample."""
    return 1 + len(samples) // hop


def spectra(samples: Samples, fft: int, hop: int, margin: int = 0) -> Iterator[tuple[slice, Samples, slice]]:
    """Yield the frames of each block, magnitudes, [bin, frame], and the block's frames among these.

    Magnitudes include up to `margin` more frames at both ends. Frames are centred on their times.
    """
    frames = frame_count(samples, hop)
    size = 2 * BLOCK // fft
    for start in range(0, frames, size):
        end = min(start + size, frames)
        first, last = max(0, start - margin), min(end + margin, frames)
        part = _part(samples, first * hop, (last - 1) * hop, fft // 2)
        magnitudes = np.abs(librosa.stft(part, n_fft=fft, hop_length=hop, center=False))
        yield slice(start, end), magnitudes, slice(start - first, end - first)


def _part(samples: Samples, start: int, end: int, reach: int) -> Samples:
    """Return samples from `reach` before `start` to `reach` after `end`, with silence around the song."""
    part = samples[max(0, start - reach) : end + reach]
    return np.pad(part, (max(0, reach - start), max(0, end + reach - len(samples))))
