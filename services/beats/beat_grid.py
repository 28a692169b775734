"""The beat grid: beats and bars of a whole song."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.beats.bars import Positions, accents, bar_positions
from services.beats.confidence import agreement, confidence, regularity
from services.beats.harmony import Harmony
from services.beats.meter_hypotheses import COMPOUND, MeterHypothesis, estimate_meter
from services.beats.onsets import FPS, Floats, Onsets, local_maximum
from services.beats.tracking import FASTEST_BPM, SLOWEST_BPM, Frames, has_valid_tempo, tempo, track

LATENCY_SECONDS: Final = -0.0025
"""Delay from an onset to its beat: negative, because the window includes the onset early. Measured on clicks."""
EXCERPT_SECONDS: Final = 80.0
"""Length of the middle part of a song that decides tempo and metre."""
ANCHOR_STRENGTH: Final = 3.0
"""Onset strength added at the beats of that part, so that the beats of the whole song include them."""
SILENT_DB: Final = -50.0
MIN_CONFIDENCE: Final = 0.35
"""Below it there is no beat: speech, noise, applause, pads and free tempo were below, songs above."""
MIN_BAR_CONFIDENCE: Final = 0.25
MIN_BEATS: Final = 4
MIN_BEATS_PER_BAR: Final = 2
BEAT_UNITS: Final = {"6/8": "dotted quarter", "7/8": "eighth"}
FAST_METRE, EIGHTHS_BPM = 7, 150.0
"""Seven beats per bar that are faster than this are eighth notes."""


@dataclass(frozen=True)
class BeatGrid:
    """`times` of the beats, in seconds, and their `positions` in the bar, from 1.

    `time_signature` is `4/4` or `6/8`, for example. If the bars are too uncertain, it is None and `positions` have no
    meaning. Confidences and regularity are 0 to 1.
    """

    times: Floats
    positions: Positions
    time_signature: str | None
    confidence: float
    bar_confidence: float
    regularity: float

    @property
    def beat_unit(self) -> str:
        """Name of the note value of a beat."""
        return BEAT_UNITS.get(self.time_signature or "", "quarter")

    @property
    def tempo_bpm(self) -> float:
        return 60 * tempo(self.times)


def find_beat_grid(song_onsets: Onsets, harmony: Harmony, drum_onsets: Onsets | None = None) -> BeatGrid | None:
    """Return the beats and bars of a song; None for audio without a beat: silence, speech, noise, a single hit.

    The full mix decides tempo and metre; if `drum_onsets` are given, they decide the exact times of the beats.
    """
    start = max(0.0, (len(song_onsets.full) / FPS - EXCERPT_SECONDS) / 2)
    end = start + EXCERPT_SECONDS
    meter = estimate_meter(song_onsets.excerpt(start, end), harmony.excerpt(start, end))
    if meter is None:
        return None
    frames = _track_song(song_onsets, drum_onsets or song_onsets, meter.hypothesis, round(start * FPS))
    if len(frames) < MIN_BEATS:
        return None
    evenness = regularity(song_onsets, frames)
    certainty = confidence(agreement(song_onsets, frames), meter.beat_probability, evenness)
    if certainty < MIN_CONFIDENCE:
        return None
    return BeatGrid(
        times=np.maximum(0, frames / FPS - LATENCY_SECONDS),
        positions=bar_positions(accents(song_onsets, harmony, frames), meter.hypothesis.beats_per_bar),
        time_signature=_signature(meter.hypothesis) if meter.bar_probability >= MIN_BAR_CONFIDENCE else None,
        confidence=certainty,
        bar_confidence=meter.bar_probability,
        regularity=evenness,
    )


def beat_grid_from(times: Floats, downbeats: Floats, song_onsets: Onsets) -> BeatGrid | None:
    """Return the grid of beats and downbeats (seconds) that another tracker found; None if there are too few.

    Its beats are halved or doubled if the tempo is outside our range.
    """
    times = _with_valid_tempo(times, downbeats)
    frames = np.clip(np.rint(times * FPS).astype(int), 0, len(song_onsets.full) - 1)
    if len(frames) < MIN_BEATS:
        return None
    firsts = np.searchsorted(times, downbeats - 1e-6)
    lengths = np.diff(firsts)
    most_common = int(np.bincount(lengths).argmax()) if len(lengths) else 0
    beats_per_bar = most_common if most_common >= MIN_BEATS_PER_BAR else 0
    number = np.arange(len(times))
    last = np.searchsorted(firsts, number, side="right") - 1
    since = number - firsts[np.maximum(last, 0)] if len(firsts) else number
    evenness = regularity(song_onsets, frames)
    return BeatGrid(
        times=times,
        positions=(since % beats_per_bar if beats_per_bar else since) + 1,
        time_signature=f"{beats_per_bar}/4" if beats_per_bar else None,
        confidence=confidence(agreement(song_onsets, frames), 1.0, evenness),
        bar_confidence=float(np.mean(lengths == beats_per_bar)) if beats_per_bar else 0.0,
        regularity=evenness,
    )


def _track_song(song_onsets: Onsets, beat_onsets: Onsets, hypothesis: MeterHypothesis, start: int) -> Frames:
    """Track the hypothesis through the whole song by `beat_onsets`."""
    anchors = np.zeros(len(beat_onsets.full))
    anchors[hypothesis.frames + start] = ANCHOR_STRENGTH
    strength = beat_onsets.superflux + beat_onsets.low + local_maximum(anchors)
    frames = _within_music(track(strength, hypothesis.tempo_bpm), song_onsets)
    if len(frames) < MIN_BEATS or has_valid_tempo(frames):
        return frames
    return _within_music(track(strength, hypothesis.tempo_bpm, strict=True), song_onsets)


def _with_valid_tempo(times: Floats, downbeats: Floats) -> Floats:
    """Remove every other beat, but not the first downbeat, or add beats halfway between them, if necessary."""
    while len(times) >= MIN_BEATS and 60 * tempo(times) > FASTEST_BPM:
        first = int(np.searchsorted(times, downbeats[0] - 1e-6)) if len(downbeats) else 0
        times = times[first % 2 :: 2]
    while len(times) >= MIN_BEATS and 60 * tempo(times) < SLOWEST_BPM:
        times = np.sort(np.concatenate([times, (times[:-1] + times[1:]) / 2]))
    return times


def _within_music(frames: Frames, onsets: Onsets) -> Frames:
    """Remove beats before the music begins and after it ends."""
    loud = np.flatnonzero(onsets.loudness > SILENT_DB)
    reach = int(0.1 * FPS)
    return frames[(frames >= loud[0] - reach) & (frames <= loud[-1] + reach)] if len(loud) else frames[:0]


def _signature(hypothesis: MeterHypothesis) -> str:
    if hypothesis.metre == COMPOUND:
        return "6/8"
    is_eighths = hypothesis.metre == FAST_METRE and hypothesis.tempo_bpm > EIGHTHS_BPM
    return f"{hypothesis.metre}/{8 if is_eighths else 4}"
