"""Bar and beat of a time in the song, from the `beats.json` of the beat tracker."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

STEPS_PER_BEAT = 4
"""Neither singers nor word times are more precise than a quarter of a beat."""


@dataclass(frozen=True)
class BarPosition:
    """`bar` counts from 1, the bar of the first downbeat; 0 is the pick-up before it.

    `beat` counts from 1 in steps of a quarter of a beat: 2.5 is halfway from the second beat to the third.
    """

    bar: int
    beat: float


@dataclass(frozen=True)
class Bars:
    """`times` of the beats in seconds, in order, and the `positions` of each in its bar, 1 being the downbeat."""

    times: Sequence[float]
    positions: Sequence[int]

    def position(self, seconds: float) -> BarPosition | None:
        """Return the bar and beat; None more than a bar before the first beat or after the last."""
        count = max(self.positions)
        step = round(self._beat_number(seconds) * STEPS_PER_BEAT)
        index, quarters = divmod(step, STEPS_PER_BEAT)
        if not -count <= index < len(self.times) + count:
            return None
        nearest = min(max(index, 0), len(self.times) - 1)
        bars = list(accumulate(position == 1 for position in self.positions))
        # Before the first and after the last beat, every bar is as long as the longest one.
        extra_bars, position = divmod(self.positions[nearest] - 1 + index - nearest, count)
        return BarPosition(max(0, bars[nearest] + extra_bars), 1 + position + quarters / STEPS_PER_BEAT)

    def _beat_number(self, seconds: float) -> float:
        """Return the number of beats since the first one; beyond the ends, extrapolate the first or last interval."""
        index = min(max(bisect_right(self.times, seconds) - 1, 0), len(self.times) - 2)
        start, end = self.times[index : index + 2]
        return index + (seconds - start) / (end - start)


def read_bars(file: Path) -> Bars | None:
    """Read `beats.json`; return None if the file does not exist or contains no bars."""
    if not file.is_file():
        return None
    beats = [beat for beat in json.loads(file.read_text("utf-8"))["beats"] if beat.get("position")]
    if len(beats) < 2:  # noqa: PLR2004 -- an interval needs two
        return None
    return Bars([beat["time"] for beat in beats], [beat["position"] for beat in beats])
