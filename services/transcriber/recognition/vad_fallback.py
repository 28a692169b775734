"""Fallback for the voice activity detector (VAD), which learned from speech and misses some singing."""

from collections.abc import Sequence

import numpy as np

from services.transcriber.audio import (
    FRAME_SECONDS,
    SAMPLE_HZ,
    FrameMask,
    Samples,
    Span,
    frames,
    loud_frames,
    uncovered,
)

MAX_REST_SECONDS = 0.5
"""A shorter rest does not end a span."""
MIN_COVERAGE = 0.95
"""A detector that works finds this share of the loud vocals; it found 0.98 and more of three recorded voices."""
MIN_PERIODICITY = 0.5
"""Minimum autocorrelation of a frame at its pitch period: a voice is above it, applause is not."""
LOWEST_HZ, HIGHEST_HZ = 70, 900


def undetected_singing(samples: Samples, voiced: Sequence[Span]) -> list[Span]:
    """Return the loud and tonal spans of 2 s and more that are not `voiced`; none if nearly all of them are."""
    loud = loud_frames(samples)
    times = (np.arange(len(loud)) + 0.5) * FRAME_SECONDS
    inside = np.zeros(len(loud), np.bool_)
    for start, end in voiced:
        inside |= (times >= start) & (times <= end)
    if not loud.any() or inside[loud].mean() >= MIN_COVERAGE:
        return []
    return [span for span in uncovered(_spans(loud), sorted(voiced)) if _is_tonal(samples, loud, span)]


def _spans(loud: FrameMask) -> list[Span]:
    spans: list[Span] = []
    for index in np.flatnonzero(loud):
        start = float(index) * FRAME_SECONDS
        if spans and start - spans[-1][1] <= MAX_REST_SECONDS:
            spans[-1] = spans[-1][0], start + FRAME_SECONDS
        else:
            spans.append((start, start + FRAME_SECONDS))
    return spans


def _is_tonal(samples: Samples, loud: FrameMask, span: Span) -> bool:
    """Return true if the median over the loud frames of the highest autocorrelation at a voice's pitch is high."""
    first, last = (round(edge / FRAME_SECONDS) for edge in span)
    rows = frames(samples)[first:last][loud[first:last]]
    spectrum = np.fft.rfft(rows - rows.mean(axis=1, keepdims=True), 2 * rows.shape[1], axis=1)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, : rows.shape[1]]
    # A frame has fewer products at a longer lag.
    lags = np.arange(rows.shape[1])
    correlation /= (correlation[:, :1] + 1e-12) * (1 - lags / len(lags))
    periods = slice(SAMPLE_HZ // HIGHEST_HZ, SAMPLE_HZ // LOWEST_HZ)
    return bool(len(rows)) and float(np.median(correlation[:, periods].max(axis=1))) >= MIN_PERIODICITY
