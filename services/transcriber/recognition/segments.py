"""Segments of the vocals with singing, each short enough for one pass of whisper."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from services.transcriber.audio import SAMPLE_HZ, Samples, Span, uncovered
from services.transcriber.recognition.vad_fallback import undetected_singing
from services.transcriber.recognition.voice_activity import OFFSET, ONSET

MAX_SECONDS = 30  # the length of whisper's input
LOW_ONSET, LOW_OFFSET = 0.1, 0.05  # where it missed what sounds like singing
# -60 dBFS. Separation left four instrumentals in five at -75 and below (one at -33); four vocals were at about -20.
RESIDUE_RMS = 0.001


@dataclass(frozen=True)
class Segment:
    """`start`, `end` and the `voiced` spans inside are in seconds.

    `uncertain`: the detector found no voice here with its normal thresholds. `language` is an ISO 639-1 code once it is
    known.
    """

    start: float
    end: float
    voiced: tuple[Span, ...]
    uncertain: bool = False
    language: str | None = None

    @property
    def voiced_seconds(self) -> float:
        return sum(end - start for start, end in self.voiced)

    def cut(self, samples: Samples) -> Samples:
        return samples[int(self.start * SAMPLE_HZ) : int(self.end * SAMPLE_HZ)]

    def halves(self) -> tuple["Segment", "Segment"]:
        """Split at a rest in the middle half, otherwise in the exact middle."""
        middle, quarter = (self.start + self.end) / 2, (self.end - self.start) / 4
        rests = [end for _, end in self.voiced[:-1] if abs(end - middle) < quarter]
        cut = min(rests, key=lambda end: abs(end - middle), default=middle)
        return self.part(self.start, cut), self.part(cut, self.end)

    def part(self, start: float, end: float) -> "Segment":
        inside = [(max(start, first), min(end, last)) for first, last in self.voiced if first < end and start < last]
        return replace(self, start=start, end=end, voiced=tuple(inside))


def find_segments(detector: Any, samples: Samples) -> list[Segment]:  # noqa: ANN401 -- whisperx has no types
    """Return segments of at most 30 s, split at rests, in order of time; none where nobody sings.

    Where the detector misses vocals that are loud and tonal, its lower thresholds are tried. If these find nothing
    either, the whole loud span becomes a segment.
    """
    scores = detector({"waveform": detector.preprocess_audio(samples), "sample_rate": SAMPLE_HZ})
    chunks = _merged(detector, scores, ONSET, OFFSET)
    missed = undetected_singing(samples, _spans(chunks))
    found = _spans(_merged(detector, scores, LOW_ONSET, LOW_OFFSET)) if missed else []
    missed = [_tightened(span, found) for span in missed]
    duration = len(samples) / SAMPLE_HZ
    segments = [_segment(chunk, missed, duration) for chunk in chunks]
    outside = uncovered(missed, [(segment.start, segment.end) for segment in segments])
    segments += [piece for span in outside for piece in _pieces(span)]
    return sorted(
        (segment for segment in segments if _rms(samples, segment) > RESIDUE_RMS), key=lambda segment: segment.start
    )


def _merged(detector: Any, scores: Any, onset: float, offset: float) -> list[dict[str, Any]]:  # noqa: ANN401 -- as above
    merged: list[dict[str, Any]] = detector.merge_chunks(scores, MAX_SECONDS, onset=onset, offset=offset)
    return merged


def _spans(chunks: Sequence[dict[str, Any]]) -> list[Span]:
    return [span for chunk in chunks for span in chunk["segments"]]


def _segment(chunk: dict[str, Any], missed: Sequence[Span], duration: float) -> Segment:
    """Make a segment of the detector's chunk and the missed spans inside it, which whisper hears as well."""
    start, end = chunk["start"], min(chunk["end"], duration)
    inside = [span for span in missed if start <= span[0] and span[1] <= end]
    return Segment(start, end, tuple(sorted([*chunk["segments"], *inside])))


def _tightened(span: Span, found: Sequence[Span]) -> Span:
    """Return the part from the first to the last voice that was found inside; the span itself if there is none."""
    start, end = span
    inside = [(max(start, first), min(end, last)) for first, last in found if first < end and start < last]
    return (inside[0][0], inside[-1][1]) if inside else span


def _pieces(span: Span) -> list[Segment]:
    cuts = [*np.arange(*span, MAX_SECONDS).tolist(), span[1]]
    return [Segment(first, last, ((first, last),), uncertain=True) for first, last in pairwise(cuts)]


def _rms(samples: Samples, segment: Segment) -> float:
    part = segment.cut(samples)
    return float(np.sqrt(np.mean(np.square(part)))) if len(part) else 0.0
