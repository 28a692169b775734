"""Bar and beat of a time in the song, from `beats.json`."""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from shared.rhythm.metre import Metre

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
        count = self._longest
        step = round(self._beat_number(seconds) * STEPS_PER_BEAT)
        index, quarters = divmod(step, STEPS_PER_BEAT)
        if not -count <= index < len(self.times) + count:
            return None
        nearest = min(max(index, 0), len(self.times) - 1)
        # Before the first and after the last beat, every bar is as long as the longest one.
        extra_bars, position = divmod(self.positions[nearest] - 1 + index - nearest, count)
        return BarPosition(max(0, self._bars[nearest] + extra_bars), 1 + position + quarters / STEPS_PER_BEAT)

    @cached_property
    def _longest(self) -> int:
        """Number of beats in the longest bar."""
        return max(self.positions)

    @cached_property
    def _bars(self) -> Sequence[int]:
        """Bar of each beat."""
        return list(accumulate(position == 1 for position in self.positions))

    def _beat_number(self, seconds: float) -> float:
        """Return the number of beats since the first one; beyond the ends, extrapolate the first or last interval."""
        index = min(max(bisect_right(self.times, seconds) - 1, 0), len(self.times) - 2)
        start, end = self.times[index : index + 2]
        return index + (seconds - start) / (end - start)


def read_bars(file: Path) -> Bars | None:
    """Read `beats.json`; return None if the file does not exist or contains no bars."""
    return bars_of(json.loads(file.read_text("utf-8"))) if file.is_file() else None


def place(bars: Bars | None, seconds: float) -> dict[str, float | None]:
    """Return the fields `bar` and `beat` of a line of lyrics that starts at this time; null where unknown."""
    position = bars.position(seconds) if bars else None
    return {"bar": position.bar if position else None, "beat": position.beat if position else None}


def with_places(lyrics: Mapping[str, Any], beats: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the content of `lyrics.json` with the bars of other beats, the content of `beats.json`."""
    bars = bars_of(beats) if beats else None
    return {**lyrics, "lines": [line | place(bars, line["start"]) for line in lyrics["lines"]]}


def bars_of(document: Mapping[str, Any]) -> Bars | None:
    """Return the bars in the content of `beats.json`; None if it contains none."""
    beats = [beat for beat in document["beats"] if beat.get("position")]
    if len(beats) < 2:  # noqa: PLR2004 -- an interval needs two
        return None
    return Bars([beat["time"] for beat in beats], [beat["position"] for beat in beats])


def bars(times: Sequence[float], positions: Sequence[int | None], last: Metre) -> list[dict[str, Any]]:
    """Return the field `bars` of `beats.json`: the start and the time signature of each bar, from the first downbeat.

    A bar has as many beats as there are before the next one; the last bar, which may be cut off, is in the metre
    `last`.
    """
    firsts = [index for index, position in enumerate(positions) if position == 1]
    counts = [*(end - start for start, end in pairwise(firsts)), last.beats]
    return [
        {"start": times[first], "time_signature": last._replace(beats=count).time_signature}
        for first, count in zip(firsts, counts, strict=False)
    ]
