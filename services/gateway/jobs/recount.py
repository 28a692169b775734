"""Counts the beats of a song differently: half or double the tempo, another metre, another first downbeat.

A pure function of what was heard and of the user's correction.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean, median_low
from typing import Any, Final, Literal

from pydantic import Field

from shared.errors import PermanentError
from shared.events import CountedRhythm, Duration, Frozen
from shared.rhythm.bars import bars
from shared.rhythm.metre import metre_of

TimeSignature = Literal["2/4", "3/4", "4/4", "5/4", "6/4", "7/4", "6/8", "7/8", "9/8", "12/8"]

SLOWEST_BPM, FASTEST_BPM = 40, 300
TYPICAL_DEVIATION: Final = 0.1
"""Maximum deviation from the median length of the beats that define the tempo, as in the beat tracker."""
MIN_BEATS: Final = 2


class BeatCorrection(Frozen):
    """A correction of how the beats are counted. A field that is null, or left out, keeps what was heard."""

    tempo: Literal["half", "double"] | None = Field(
        default=None, description="`half` keeps every other beat; `double` adds a beat halfway between two."
    )
    first_downbeat: Duration | None = Field(
        default=None,
        description="Seconds of a beat that starts a bar: the nearest beat is taken, at most half a beat away. "
        "Bars are counted from it in both directions.",
    )
    time_signature: TimeSignature | None = None


def recounted(heard: Mapping[str, Any], correction: BeatCorrection) -> dict[str, Any]:
    """Return the content of `beats.json` with the correction applied to what was `heard`.

    Every bar is complete, except the first and the last. Key, chords, loudness and the confidence of the beats do not
    change. Raises PermanentError: `no_beats`, `nothing_to_correct`, `no_such_beat`, `unknown_metre`,
    `tempo_out_of_range`.
    """
    if correction == BeatCorrection():
        raise PermanentError("Send a tempo, a first_downbeat or a time_signature", code="nothing_to_correct")
    times = [float(beat["time"]) for beat in heard["beats"]]
    if len(times) < MIN_BEATS:
        raise PermanentError("No beats were found in this song, so they cannot be counted differently", code="no_beats")
    signature = correction.time_signature or heard["time_signature"]
    if signature is None and correction.first_downbeat is not None:
        raise PermanentError("The metre of this song is unknown: send a time_signature, too", code="unknown_metre")
    downbeat = heard["downbeats"][0] if heard["downbeats"] else times[0]
    if correction.tempo == "double":
        times = sorted([*times, *(round((start + end) / 2, 3) for start, end in pairwise(times))])
    first = _nearest(times, downbeat if correction.first_downbeat is None else correction.first_downbeat)
    if correction.tempo == "half":
        times, first = times[first % 2 :: 2], first // 2
    metre = metre_of(signature) if signature else None
    positions = [(index - first) % metre.beats + 1 if metre else None for index in range(len(times))]
    return {
        **heard,
        "corrected": True,
        "correction": correction.model_dump(),
        "tempo_bpm": _tempo_bpm(times) if correction.tempo else heard["tempo_bpm"],
        "beat_count": len(times),
        "time_signature": signature,
        "pulse": metre.pulse if metre else "quarter",
        "metre_confidence": None,
        "bar_confidence": None,
        "tempo_alternatives": [],
        "beats": [{"time": time, "position": position} for time, position in zip(times, positions, strict=True)],
        "downbeats": [time for time, position in zip(times, positions, strict=True) if position == 1],
        "bars": bars(times, positions, metre) if metre else [],
    }


def counted(document: Mapping[str, Any]) -> CountedRhythm:
    """Return what the job's document shows of the content of `beats.json`."""
    return CountedRhythm.model_validate({field: document[field] for field in CountedRhythm.model_fields})


def _nearest(times: Sequence[float], seconds: float) -> int:
    """Return the index of the nearest beat. Raises PermanentError more than half a beat away from the first or last."""
    after = min(max(bisect_left(times, seconds), 1), len(times) - 1)
    index = min((after - 1, after), key=lambda each: abs(times[each] - seconds))
    if abs(times[index] - seconds) > (times[after] - times[after - 1]) / 2:
        raise PermanentError(
            f"No beat is near {seconds:g} s: the beats go from {times[0]:g} s to {times[-1]:g} s", code="no_such_beat"
        )
    return index


def _tempo_bpm(times: Sequence[float]) -> float:
    """Return the tempo of the beats of about the median length. Raises PermanentError if it is not usable."""
    lengths = [end - start for start, end in pairwise(times)]
    usual = median_low(lengths or [0])  # the length of a beat, so that at least one is typical
    typical = [length for length in lengths if abs(length / usual - 1) <= TYPICAL_DEVIATION]
    tempo = round(60 / fmean(typical), 1) if typical else 0.0
    if not SLOWEST_BPM <= tempo <= FASTEST_BPM:
        found = f"{tempo:g} BPM" if typical else "a single beat"
        raise PermanentError(
            f"That would be {found}; a tempo is from {SLOWEST_BPM} to {FASTEST_BPM} BPM", code="tempo_out_of_range"
        )
    return tempo
