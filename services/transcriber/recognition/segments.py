"""Stretches of the vocals to hear in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.transcriber.recognition.vad_fallback import dropped
from services.transcriber.text.phrasing import Span, missed

SAMPLE_HZ = 16_000
CLIP_SECONDS = 30  # as much as whisper hears at once
ONSET, OFFSET = 0.5, 0.363  # the voice detector's thresholds, whisperx's own
LOOSE_ONSET, LOOSE_OFFSET = 0.1, 0.05  # where it dropped what sounds like singing
# -60 dBFS. Separation left four instrumentals in five at -75 and below (one at -33); four vocals were at about -20.
RESIDUE_RMS = 0.001

Samples = NDArray[np.float32]  # mono, 16 kHz


@dataclass(frozen=True)
class Clip:
    """In seconds, with the parts of it that have a voice; `doubtful` where the detector did not hear it at first."""

    start: float
    end: float
    voiced: tuple[Span, ...]
    doubtful: bool = False

    @property
    def sung(self) -> float:
        """Seconds of voice."""
        return sum(end - start for start, end in self.voiced)

    def halves(self) -> tuple["Clip", "Clip"]:
        """Cut where the voice rests in the middle half, else in the very middle."""
        middle, quarter = (self.start + self.end) / 2, (self.end - self.start) / 4
        rests = [end for _, end in self.voiced[:-1] if abs(end - middle) < quarter]
        cut = min(rests, key=lambda end: abs(end - middle), default=middle)
        return Clip(self.start, cut, (), self.doubtful), Clip(cut, self.end, (), self.doubtful)


def clips(detector: Any, samples: Samples) -> list[Clip]:  # noqa: ANN401 -- whisperx's, which has no types
    """Of at most 30 s, cut where the voice rests, in order of time; none where nobody sings.

    Where the detector drops vocals that are loud and tonal it is asked again with loose thresholds, and where that
    finds nothing, too, the part is taken all the same.
    """
    scores = detector({"waveform": detector.preprocess_audio(samples), "sample_rate": SAMPLE_HZ})
    sure = _merged(detector, scores, ONSET, OFFSET)
    parts = dropped(samples, _spans(sure))
    found = _spans(_merged(detector, scores, LOOSE_ONSET, LOOSE_OFFSET)) if parts else []
    parts = [_tightened(part, found) for part in parts]
    duration = len(samples) / SAMPLE_HZ
    every = [_clip(chunk, parts, duration) for chunk in sure]
    outside = missed(parts, [(clip.start, clip.end) for clip in every])
    every += [clip for part in outside for clip in _pieces(part)]
    return sorted((clip for clip in every if _rms(samples, clip) > RESIDUE_RMS), key=lambda clip: clip.start)


def _merged(detector: Any, scores: Any, onset: float, offset: float) -> list[dict[str, Any]]:  # noqa: ANN401 -- as above
    merged: list[dict[str, Any]] = detector.merge_chunks(scores, CLIP_SECONDS, onset=onset, offset=offset)
    return merged


def _spans(chunks: Sequence[dict[str, Any]]) -> list[Span]:
    return [span for chunk in chunks for span in chunk["segments"]]


def _clip(chunk: dict[str, Any], parts: Sequence[Span], duration: float) -> Clip:
    """With the parts inside it, where the detector heard no voice: whisper hears them anyway, as it hears rests."""
    start, end = chunk["start"], min(chunk["end"], duration)
    inside = [part for part in parts if start <= part[0] and part[1] <= end]
    return Clip(start, end, tuple(sorted([*chunk["segments"], *inside])))


def _tightened(part: Span, found: Sequence[Span]) -> Span:
    """From the first to the last voice that was found in it; the part itself where there is none."""
    start, end = part
    inside = [(max(start, first), min(end, last)) for first, last in found if first < end and start < last]
    return (inside[0][0], inside[-1][1]) if inside else part


def _pieces(part: Span) -> list[Clip]:
    cuts = [*np.arange(*part, CLIP_SECONDS).tolist(), part[1]]
    return [Clip(first, last, ((first, last),), doubtful=True) for first, last in pairwise(cuts)]


def _rms(samples: Samples, clip: Clip) -> float:
    part = samples[int(clip.start * SAMPLE_HZ) : int(clip.end * SAMPLE_HZ)]
    return float(np.sqrt(np.mean(np.square(part)))) if len(part) else 0.0
