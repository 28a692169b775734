"""The beat grid: beats and bars of a whole song."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.beats.bars import COMPOUND, Positions, bar_positions, patterns
from services.beats.beat_features import accents
from services.beats.confidence import agreement, confidence, metre_confidence, regularity
from services.beats.harmony import Harmony
from services.beats.meter_hypotheses import EIGHTHS, EIGHTHS_BPM, Meter, estimate_meter
from services.beats.onsets import FPS, Floats, Onsets, local_maximum
from services.beats.tracking import FASTEST_BEAT_BPM, FASTEST_BPM, Frames, has_valid_tempo, tempo, track

LATENCY_SECONDS: Final = -0.0025
"""Delay from an onset to its beat: negative, because the window includes the onset early. Measured on clicks."""
EXCERPT_SECONDS: Final = 80.0
"""Length of the middle part of a song that decides tempo and metre."""
ANCHOR_STRENGTH: Final = 3.0
"""Onset strength added at the beats of that part, so that the beats of the whole song include them."""
SILENT_DB: Final = -50.0
MIN_CONFIDENCE: Final = 0.35
"""Below it there is no beat: speech, noise, applause, pads and free tempo were below, songs above."""
MIN_BEATS: Final = 4
BEAT_UNITS: Final = {"6/8": "dotted quarter", "7/8": "eighth"}
SAME_BEAT_FRAMES: Final = 3
NEAR_BEAT: Final = np.array([0, -1, 1, -2, 2])
"""Frames near a beat, the nearest first."""
ALTERNATIVES: Final = (0.5, 2.0)
SAME_TEMPO: Final = 0.04
"""Alternative tempi, as multiples of the tempo, and the tolerance within which another hypothesis has that tempo."""


@dataclass(frozen=True)
class BeatGrid:
    """`times` of the beats, in seconds, and their `positions` in the bar, from 1.

    `time_signature` is `4/4` or `6/8`, for example. Confidences and regularity are 0 to 1. `tempo_alternatives` are
    half and double tempo, with the share of each among all hypotheses.
    """

    times: Floats
    positions: Positions
    time_signature: str
    confidence: float
    metre_confidence: float
    bar_confidence: float
    regularity: float
    tempo_alternatives: tuple[tuple[float, float], ...] = ()

    @property
    def beat_unit(self) -> str:
        """Name of the note value of a beat."""
        return BEAT_UNITS.get(self.time_signature, "quarter")

    @property
    def tempo_bpm(self) -> float:
        return 60 * tempo(self.times)


def find_beat_grid(
    song_onsets: Onsets,
    harmony: Harmony,
    drum_onsets: Onsets | None = None,
    *,
    beats: Frames | None = None,
    downbeat_evidence: Floats | None = None,
) -> BeatGrid | None:
    """Return the beats and bars of a song; None for audio without a beat: silence, speech, noise, a single hit.

    The full mix decides tempo and metre; if `drum_onsets` are given, they decide the exact times of the beats.
    Another tracker may give the frames of its `beats`; then it decides whether there is a beat, too.
    `downbeat_evidence`, [frame of the onsets], is that of `beat_features`.
    """
    evidence = np.zeros(len(song_onsets.full)) if downbeat_evidence is None else downbeat_evidence
    seconds = len(song_onsets.full) / FPS
    start = max(0.0, (seconds - EXCERPT_SECONDS) / 2) if beats is None else 0.0
    end = start + EXCERPT_SECONDS if beats is None else seconds
    meter = estimate_meter(
        song_onsets.excerpt(start, end),
        harmony.excerpt(start, end),
        beats,
        whole=start == 0,
        downbeat_evidence=evidence[round(start * FPS) : round(end * FPS)],
    )
    if meter is None:
        return None
    known = meter.frames + round(start * FPS)
    if beats is None:
        frames = _track_song(song_onsets, drum_onsets or song_onsets, meter, known)
    else:
        frames = _on_onsets(known, drum_onsets or song_onsets)
    if len(frames) < MIN_BEATS:
        return None
    evenness = regularity(song_onsets, frames)
    certainty = confidence(agreement(song_onsets, frames), meter.beat_probability, evenness)
    if beats is None and certainty < MIN_CONFIDENCE:
        return None
    bars = patterns()[meter.metre]
    return BeatGrid(
        times=np.maximum(0, frames / FPS - LATENCY_SECONDS),
        positions=bar_positions(
            accents(song_onsets, harmony, frames), bars, _anchors(frames, known, meter), evidence[frames]
        ),
        time_signature=_signature(meter),
        confidence=certainty,
        metre_confidence=metre_confidence(meter.metre_probability),
        bar_confidence=meter.bar_probability,
        regularity=evenness,
        tempo_alternatives=_alternatives(meter),
    )


def _track_song(song_onsets: Onsets, beat_onsets: Onsets, meter: Meter, known: Frames) -> Frames:
    """Track the beats of a part of the song, at the frames `known`, through the whole song by `beat_onsets`."""
    anchors = np.zeros(len(beat_onsets.full))
    anchors[known] = ANCHOR_STRENGTH
    strength = beat_onsets.superflux + beat_onsets.low + local_maximum(anchors)
    fastest = FASTEST_BPM if meter.metre == EIGHTHS else FASTEST_BEAT_BPM
    frames = _within_music(track(strength, meter.tempo_bpm), song_onsets)
    if len(frames) < MIN_BEATS or has_valid_tempo(frames, fastest):
        return frames
    return _within_music(track(strength, meter.tempo_bpm, fastest=fastest, strict=True), song_onsets)


def _on_onsets(frames: Frames, onsets: Onsets) -> Frames:
    """Move beats of another tracker, whose frames may be longer, to the strongest onset within `NEAR_BEAT`."""
    near = np.clip(frames[:, None] + NEAR_BEAT, 0, len(onsets.full) - 1)
    strongest = (onsets.superflux + onsets.low)[near].argmax(axis=1)
    moved: Frames = near[np.arange(len(frames)), strongest]
    return moved


def _anchors(frames: Frames, known: Frames, meter: Meter) -> Positions:
    """Return the positions of the beats of which the bars are known, from 1, and 0 for the others."""
    nearest = np.abs(np.subtract.outer(frames, known)).argmin(axis=1)
    positions = (nearest - meter.first) % meter.beats_per_bar + 1
    return np.where(np.abs(frames - known[nearest]) <= SAME_BEAT_FRAMES, positions, 0)


def _alternatives(meter: Meter) -> tuple[tuple[float, float], ...]:
    """Return half and double tempo with their shares, 0 to 1, the likelier one first."""
    shares = (
        (
            ratio * meter.tempo_bpm,
            sum(share for bpm, share in meter.tempi if abs(bpm / (ratio * meter.tempo_bpm) - 1) < SAME_TEMPO),
        )
        for ratio in ALTERNATIVES
    )
    return tuple(sorted(shares, key=lambda each: -each[1]))


def _within_music(frames: Frames, onsets: Onsets) -> Frames:
    """Remove beats before the music begins and after it ends."""
    loud = np.flatnonzero(onsets.loudness > SILENT_DB)
    reach = int(0.1 * FPS)
    return frames[(frames >= loud[0] - reach) & (frames <= loud[-1] + reach)] if len(loud) else frames[:0]


def _signature(meter: Meter) -> str:
    if meter.metre == COMPOUND:
        return "6/8"
    return f"{meter.metre}/{8 if meter.metre == EIGHTHS and meter.tempo_bpm > EIGHTHS_BPM else 4}"
