"""Samples of the vocals, time spans in them, and the frames in which the vocals are loud."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from faster_whisper import decode_audio
from numpy.typing import NDArray

from shared.audio.downmix import to_mono

SAMPLE_HZ = 16_000
FRAME_SECONDS = 0.04
LOUD_DB = 20.0
"""A frame is loud down to this far below the 95th percentile of all frames' levels."""
RESIDUE_DB = -40.0
"""Quieter frames (dBFS) are never loud. Instruments that separation left are mostly below -75, vocals at about -20."""
MIN_UNCOVERED_SECONDS = 2.0
"""About the shortest sung line that is worth a second recognition."""

Samples = NDArray[np.float32]
"""Mono, 16 kHz."""
FrameMask = NDArray[np.bool_]
"""One flag for each frame of 40 ms."""
Span = tuple[float, float]
"""Start and end in seconds."""


def read(audio: Path) -> Samples:
    """Return the samples of a stereo file."""
    return to_mono(np.stack(decode_audio(str(audio), sampling_rate=SAMPLE_HZ, split_stereo=True)))


def frames(samples: Samples) -> Samples:
    """Return the samples as rows of 40 ms; an incomplete last row is dropped."""
    size = int(FRAME_SECONDS * SAMPLE_HZ)
    return samples[: len(samples) // size * size].reshape(-1, size)


def loud_frames(samples: Samples) -> FrameMask:
    """Return which frames are loud, relative to the loudest ones of the same vocals."""
    rows = frames(samples)
    if not len(rows):
        return np.zeros(0, np.bool_)
    level = 10 * np.log10(np.mean(np.square(rows, dtype=np.float64), axis=1) + 1e-12)
    mask: FrameMask = level > max(float(np.quantile(level, 0.95)) - LOUD_DB, RESIDUE_DB)
    return mask


def uncovered(voiced: Iterable[Span], phrases: Sequence[Span]) -> list[Span]:
    """Return the parts of `voiced`, at least 2 s long, that no phrase covers; `phrases` are sorted by time."""
    gaps = []
    for begin, end in voiced:
        start = begin
        for first, last in [*phrases, (end, end)]:
            gaps.append((start, min(first, end)))
            start = max(start, last)
    return [(start, end) for start, end in gaps if end - start >= MIN_UNCOVERED_SECONDS]
