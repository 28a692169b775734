"""Strokes, the elements of a chord instrument's figure."""

from dataclasses import dataclass
from random import Random

from tests.evaluation.generated.metre import Metre

ALL, LOW, FIFTH_LOW = -1, -2, -3
"""Special values of `tone`: the whole chord, its root in the bass, its fifth in the bass."""


@dataclass(frozen=True)
class Stroke:
    """`beat` is within the bar, `tone` a chord tone's number or a special value, `strum` seconds between strings."""

    beat: float
    length: float
    tone: int
    loudness: float = 1.0
    strum: float = 0.0


Figure = tuple[Stroke, ...]


def passing(metre: Metre, random: Random) -> Figure:
    """Return up to two tones between the beats, so that songs differ in their figures."""
    between = [beat + part / metre.division for beat in range(metre.beats) for part in range(1, metre.division)]
    places = random.sample(between, k=min(len(between), random.choice((0, 1, 1, 2))))
    return tuple(
        Stroke(place, 0.5 / metre.division, random.randrange(1, 4), random.uniform(0.6, 0.8))
        for place in sorted(places)
    )
