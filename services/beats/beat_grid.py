"""The beats and bars of a whole song."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.beats.bars import Positions, accents, positions
from services.beats.confidence import agreement, confidence, regularity
from services.beats.harmony import Harmony
from services.beats.meter_hypotheses import COMPOUND, Reading, likeliest
from services.beats.onsets import FPS, Floats, Onsets, near
from services.beats.tracking import Frames, track

LATENCY_SECONDS: Final = -0.0025
"""How long after an onset its beat is found: before it, as the window sees it coming. Measured on synthetic clicks."""
EXCERPT_SECONDS: Final = 80.0
"""How much of a song, its middle, decides how it is counted."""
FAITH: Final = 3.0
"""How strong an onset the excerpt's beats are for the rest of the song to join on to."""
SILENT_DB: Final = -50.0
LEAST_CONFIDENCE: Final = 0.35
"""Below it there is no pulse to speak of: speech, noise, applause, pads and free tempo stayed below, songs above."""
LEAST_BAR_CONFIDENCE: Final = 0.25
FEWEST_BEATS: Final = 4
FEWEST_PER_BAR: Final = 2
FELT: Final = {"6/8": "dotted quarter", "7/8": "eighth"}
QUICK_METRE, QUAVERS_BPM = 7, 150.0
"""Seven to the bar, and faster than this, are quavers."""


@dataclass(frozen=True)
class Pulse:
    """`times` of the beats, in seconds, and their `positions` in the bar, from 1.

    `time_signature` is `4/4`, `6/8`; where bars are too uncertain there is none, and `positions` mean nothing.
    Confidences and regularity are 0 to 1.
    """

    times: Floats
    positions: Positions
    time_signature: str | None
    confidence: float
    bar_confidence: float
    regularity: float

    @property
    def felt(self) -> str:
        """The note that a beat is."""
        return FELT.get(self.time_signature or "", "quarter")

    @property
    def tempo_bpm(self) -> float:
        return float(60 / np.polyfit(np.arange(len(self.times)), self.times, 1)[0])


def pulse(onsets: Onsets, harmony: Harmony, drums: Onsets | None = None) -> Pulse | None:
    """None for what has no pulse: silence, speech, noise, a single hit.

    The song decides how it is counted; where its `drums` alone are known, they decide when exactly the beats are.
    """
    start = max(0.0, (len(onsets.full) / FPS - EXCERPT_SECONDS) / 2)
    end = start + EXCERPT_SECONDS
    choice = likeliest(onsets.between(start, end), harmony.between(start, end))
    if choice is None:
        return None
    frames = _sounding(_continued(drums or onsets, choice.reading, round(start * FPS)), onsets)
    if len(frames) < FEWEST_BEATS:
        return None
    even = regularity(onsets, frames)
    sure = confidence(agreement(onsets, frames), choice.beats, even)
    if sure < LEAST_CONFIDENCE:
        return None
    return Pulse(
        times=np.maximum(0, frames / FPS - LATENCY_SECONDS),
        positions=positions(accents(onsets, harmony, frames), choice.reading.beats_per_bar),
        time_signature=_signature(choice.reading) if choice.bars >= LEAST_BAR_CONFIDENCE else None,
        confidence=sure,
        bar_confidence=choice.bars,
        regularity=even,
    )


def counted(times: Floats, downbeats: Floats, onsets: Onsets) -> Pulse | None:
    """Of beats and downbeats (seconds) that another tracker found; None where there are too few."""
    frames = np.clip(np.rint(times * FPS).astype(int), 0, len(onsets.full) - 1)
    if len(frames) < FEWEST_BEATS:
        return None
    firsts = np.searchsorted(times, downbeats - 1e-6)
    lengths = np.diff(firsts)
    usual = int(np.bincount(lengths).argmax()) if len(lengths) else 0
    beats_per_bar = usual if usual >= FEWEST_PER_BAR else 0
    number = np.arange(len(times))
    last = np.searchsorted(firsts, number, side="right") - 1
    since = number - firsts[np.maximum(last, 0)] if len(firsts) else number
    even = regularity(onsets, frames)
    return Pulse(
        times=times,
        positions=(since % beats_per_bar if beats_per_bar else since) + 1,
        time_signature=f"{beats_per_bar}/4" if beats_per_bar else None,
        confidence=confidence(agreement(onsets, frames), 1.0, even),
        bar_confidence=float(np.mean(lengths == beats_per_bar)) if beats_per_bar else 0.0,
        regularity=even,
    )


def _continued(onsets: Onsets, reading: Reading, start: int) -> Frames:
    """The reading's beats through the whole song."""
    faith = np.zeros(len(onsets.full))
    faith[reading.frames + start] = FAITH
    return track(onsets.superflux + onsets.low + near(faith), reading.tempo_bpm)


def _sounding(frames: Frames, onsets: Onsets) -> Frames:
    """Without the beats before the music begins and after it has ended."""
    heard = np.flatnonzero(onsets.loudness > SILENT_DB)
    reach = int(0.1 * FPS)
    return frames[(frames >= heard[0] - reach) & (frames <= heard[-1] + reach)] if len(heard) else frames[:0]


def _signature(reading: Reading) -> str:
    if reading.metre == COMPOUND:
        return "6/8"
    is_quick = reading.metre == QUICK_METRE and reading.tempo_bpm > QUAVERS_BPM
    return f"{reading.metre}/{8 if is_quick else 4}"
