"""Detection of the song's language in the segments with the most singing."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from services.transcriber.audio import Span

CERTAIN = 0.8
MAX_SEGMENTS = 3
MAX_SECONDS = 30.0
"""Whisper uses at most this much audio for it."""

MIN_PROBABILITY = 0.3
"""Where no language is likelier, nobody sings: 25 sung and spoken clips had 0.33 and more, a synthesizer 0.26."""

Probabilities = Mapping[str, float]
"""Probability (0 to 1) by ISO 639-1 code."""


def detect_language(
    segments: Sequence[tuple[float, Span]], classify: Callable[[Span], Probabilities]
) -> tuple[str, float]:
    """Return an ISO 639-1 code and its probability, from at least one segment with its seconds of voice.

    Uses only the segment with the most voice if that is certain, otherwise the mean of the first three, weighted by
    their seconds of voice.
    """
    total: dict[str, float] = defaultdict(float)
    weight = 0.0
    for voiced_seconds, (start, end) in sorted(segments, reverse=True)[:MAX_SEGMENTS]:
        for code, probability in classify((start, min(end, start + MAX_SECONDS))).items():
            total[code] += probability * voiced_seconds
        weight += voiced_seconds
        if max(total.values()) >= CERTAIN * weight:
            break
    code = max(total, key=lambda each: total[each])
    return code, total[code] / weight if weight else 0.0
