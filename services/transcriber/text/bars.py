"""Bar and beat of a moment in the song, by the `beats.json` that the beat tracker wrote."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

STEPS_IN_A_BEAT = 4
"""A singer is not nearer to the grid than a quarter of a beat, nor are the times of words."""


@dataclass(frozen=True)
class Place:
    """`bar` from 1, which begins at the first downbeat; 0 is the pick-up before it. `beat` from 1 to under one more
    than the bar has, in quarters: 2.5 is halfway from the second beat to the third.
    """

    bar: int
    beat: float


@dataclass(frozen=True)
class Bars:
    """`times` of the beats in seconds, in order, and the `positions` of each in its bar, 1 being the downbeat."""

    times: Sequence[float]
    positions: Sequence[int]

    def at(self, seconds: float) -> Place | None:
        """None more than a bar before the first beat or after the last: nobody knows how it goes there."""
        count = max(self.positions)
        exact = self._index(seconds)
        step = round(exact * STEPS_IN_A_BEAT)
        index, quarters = divmod(step, STEPS_IN_A_BEAT)
        if not -count <= index < len(self.times) + count:
            return None
        inside = min(max(index, 0), len(self.times) - 1)
        bars = list(accumulate(position == 1 for position in self.positions))
        # Beyond the ends the bars go on as long as the longest.
        over, position = divmod(self.positions[inside] - 1 + index - inside, count)
        return Place(max(0, bars[inside] + over), 1 + position + quarters / STEPS_IN_A_BEAT)

    def _index(self, seconds: float) -> float:
        """As a number of beats since the first one; beyond the ends the beat is that of the ends."""
        index = min(max(bisect_right(self.times, seconds) - 1, 0), len(self.times) - 2)
        start, end = self.times[index : index + 2]
        return index + (seconds - start) / (end - start)


def bars(file: Path) -> Bars | None:
    """None where there is no such file, or where it has no bars."""
    if not file.is_file():
        return None
    beats = [beat for beat in json.loads(file.read_text("utf-8"))["beats"] if beat.get("position")]
    if len(beats) < 2:  # noqa: PLR2004 -- the least that has a distance
        return None
    return Bars([beat["time"] for beat in beats], [beat["position"] for beat in beats])
