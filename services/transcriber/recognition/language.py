"""The language of a song, by what is sung most."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from services.transcriber.text.phrasing import Span

SURE = 0.8
MOST_PARTS = 3
SECONDS = 30.0
"""As much as whisper listens to for it."""

Probabilities = Mapping[str, float]


def language(parts: Sequence[tuple[float, Span]], listen: Callable[[Span], Probabilities]) -> tuple[str, float]:
    """An ISO 639-1 code and its probability, from at least one part with the seconds that are sung in it.

    By the part with most of them alone where that is sure, else by the first three, each with that weight.
    """
    total: dict[str, float] = defaultdict(float)
    weight = 0.0
    for sung, (start, end) in sorted(parts, reverse=True)[:MOST_PARTS]:
        for code, probability in listen((start, min(end, start + SECONDS))).items():
            total[code] += probability * sung
        weight += sung
        if max(total.values()) >= SURE * weight:
            break
    code = max(total, key=lambda each: total[each])
    return code, total[code] / weight if weight else 0.0
