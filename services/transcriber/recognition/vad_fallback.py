"""Where the vocals sound as singing does, whatever the voice detector, which learned from speech, thinks of it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.transcriber.text.phrasing import Span, missed

SAMPLE_HZ = 16_000
FRAME_SECONDS = 0.04
LOUD_DB = 20.0
"""How far below the vocals' loudest twentieth is still loud."""
RESIDUE_DB = -40.0
"""Full scale being 0; what separation leaves of instruments is mostly below -75, vocals are at about -20."""
REST_SECONDS = 0.5
"""A rest as short as that does not end a stretch."""
COVERED = 0.95
"""The share of the loud vocals that a detector finds when it works; it found 0.98 and more of three recorded voices."""
PERIODIC = 0.5
"""How like itself a frame is one period later, as a voice is and applause is not."""
LOWEST_HZ, HIGHEST_HZ = 70, 900

Samples = NDArray[np.float32]  # mono, 16 kHz
Mask = NDArray[np.bool_]  # for each frame


def dropped(samples: Samples, voiced: Sequence[Span]) -> list[Span]:
    """The loud and tonal stretches of 2 s and more that are not `voiced`; none where nearly all is."""
    loud = sounding(samples)
    times = (np.arange(len(loud)) + 0.5) * FRAME_SECONDS
    inside = np.zeros(len(loud), np.bool_)
    for start, end in voiced:
        inside |= (times >= start) & (times <= end)
    if not loud.any() or inside[loud].mean() >= COVERED:
        return []
    return [span for span in missed(_spans(loud), sorted(voiced)) if _is_tonal(samples, loud, span)]


def sounding(samples: Samples) -> Mask:
    """Which frames of 40 ms are loud, for these vocals."""
    frames = _frames(samples)
    if not len(frames):
        return np.zeros(0, np.bool_)
    level = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-12)
    mask: Mask = level > max(float(np.quantile(level, 0.95)) - LOUD_DB, RESIDUE_DB)
    return mask


def _frames(samples: Samples) -> Samples:
    size = int(FRAME_SECONDS * SAMPLE_HZ)
    return samples[: len(samples) // size * size].reshape(-1, size)


def _spans(loud: Mask) -> list[Span]:
    spans: list[Span] = []
    for index in np.flatnonzero(loud):
        start = float(index) * FRAME_SECONDS
        if spans and start - spans[-1][1] <= REST_SECONDS:
            spans[-1] = spans[-1][0], start + FRAME_SECONDS
        else:
            spans.append((start, start + FRAME_SECONDS))
    return spans


def _is_tonal(samples: Samples, loud: Mask, span: Span) -> bool:
    """By the median of each loud frame's greatest autocorrelation, of what a voice's pitch can be."""
    first, last = (round(edge / FRAME_SECONDS) for edge in span)
    frames = _frames(samples)[first:last][loud[first:last]]
    spectrum = np.fft.rfft(frames - frames.mean(axis=1, keepdims=True), 2 * frames.shape[1], axis=1)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, : frames.shape[1]]
    # A frame that is cut off has fewer products at a longer lag.
    lags = np.arange(frames.shape[1])
    correlation /= (correlation[:, :1] + 1e-12) * (1 - lags / len(lags))
    periods = slice(SAMPLE_HZ // HIGHEST_HZ, SAMPLE_HZ // LOWEST_HZ)
    return bool(len(frames)) and float(np.median(correlation[:, periods].max(axis=1))) >= PERIODIC
