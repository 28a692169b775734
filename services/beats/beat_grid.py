"""The beat grid: beats and bars of a whole song."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.beats.bars import CHANGEABLE, COMPOUND, Patterns, Positions, count_bars, patterns
from services.beats.beat_features import accents, beat_features, compound_share
from services.beats.confidence import agreement, confidence, metre_confidence, regularity
from services.beats.harmony import Harmony
from services.beats.meter_hypotheses import EIGHTHS, EIGHTHS_BPM, Meter, estimate_meter, with_downbeats
from services.beats.onsets import FPS, Floats, Onsets, local_maximum
from services.beats.tracking import FASTEST_BEAT_BPM, FASTEST_BPM, Frames, has_valid_tempo, tempo, track
from shared.rhythm.metre import Metre, Pulse

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
SAME_BEAT_FRAMES: Final = 3
NEAR_BEAT: Final = np.array([0, -1, 1, -2, 2])
"""Frames near a beat, the nearest first."""
COMPOUND_TOO: Final = (3, 4)
"""Metres that are 9/8 and 12/8 if their beats are divided by three."""
MIN_COMPOUND: Final = 0.4
"""Least `compound_share` of such beats: training songs in 2/4, 3/4 and 4/4 had at most 0.27, and 3 of 10 in 9/8 and
12/8 more than 0.7. The others, without onsets on the first third, cannot be told from swung beats."""
ALTERNATIVES: Final = (0.5, 2.0)
SAME_TEMPO: Final = 0.04
"""Alternative tempi, as multiples of the tempo, and the tolerance within which another hypothesis has that tempo."""


@dataclass(frozen=True)
class BeatGrid:
    """`times` of the beats, in seconds, and their `positions` in the bar, from 1.

    `beats_per_bar` is that of the bar of each beat, and `pulse` the note that is a beat. Confidences and regularity are
    0 to 1. `tempo_alternatives` are half and double tempo, with the share of each among all hypotheses.
    """

    times: Floats
    positions: Positions
    beats_per_bar: NDArray[np.int64]
    pulse: Pulse
    confidence: float
    metre_confidence: float
    bar_confidence: float
    regularity: float
    tempo_alternatives: tuple[tuple[float, float], ...] = ()

    @property
    def metre(self) -> Metre:
        """Metre of most of the song."""
        return Metre(int(np.bincount(self.beats_per_bar).argmax()), self.pulse)

    @property
    def last_metre(self) -> Metre:
        """Metre in which the song ends."""
        return Metre(int(self.beats_per_bar[-1]), self.pulse)

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

    The full mix decides tempo and metre; if `drum_onsets` are given, they decide the exact times of the beats, and
    which of them are downbeats. Another tracker may give the frames of its `beats`; then it decides whether there is a
    beat, too. `downbeat_evidence`, [frame of the onsets], is that of `beat_features`.
    """
    evidence = np.zeros(len(song_onsets.full)) if downbeat_evidence is None else downbeat_evidence
    seconds = len(song_onsets.full) / FPS
    start = max(0.0, (seconds - EXCERPT_SECONDS) / 2) if beats is None else 0.0
    end = start + EXCERPT_SECONDS if beats is None else seconds
    part, whole = harmony.excerpt(start, end), start == 0
    known_downbeats = evidence[round(start * FPS) : round(end * FPS)]
    meter = estimate_meter(song_onsets.excerpt(start, end), part, beats, whole=whole, downbeat_evidence=known_downbeats)
    if meter is None:
        return None
    bar_onsets = song_onsets
    if drum_onsets:
        bar_onsets = replace(song_onsets, low=drum_onsets.low, middle=drum_onsets.middle, high=drum_onsets.high)
        heard = beat_features(
            bar_onsets.excerpt(start, end), part, meter.frames, whole=whole, downbeat_evidence=known_downbeats
        )
        meter = with_downbeats(meter, heard)
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
    pulse = _pulse(meter, compound_share(local_maximum(song_onsets.superflux), frames))
    bars = count_bars(
        accents(bar_onsets, harmony, frames),
        _possible_patterns(meter.metre, pulse),
        meter.metre,
        _anchors(frames, known, meter),
        evidence[frames],
    )
    return BeatGrid(
        times=np.maximum(0, frames / FPS - LATENCY_SECONDS),
        positions=bars.positions,
        beats_per_bar=bars.beats_per_bar,
        pulse=pulse,
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


def _pulse(meter: Meter, compound: float) -> Pulse:
    if meter.metre == COMPOUND or (meter.metre in COMPOUND_TOO and compound > MIN_COMPOUND):
        return "dotted quarter"
    return "eighth" if meter.metre == EIGHTHS and meter.tempo_bpm > EIGHTHS_BPM else "quarter"


def _possible_patterns(metre: int, pulse: Pulse) -> Patterns:
    """Return the patterns of the song's metre, and of others to which it may change."""
    metres = CHANGEABLE if metre in CHANGEABLE and pulse == "quarter" else {metre}
    return {each: patterns()[each] for each in sorted(metres)}
