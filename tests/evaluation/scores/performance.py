"""Performances of excerpts of scores: random instruments, tempo and accents, sometimes with a bass or drums."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

import mido
import numpy as np

from tests.evaluation.generated import drums, synth
from tests.evaluation.generated.clip import PEAK
from tests.evaluation.generated.drums import Kit
from tests.evaluation.generated.metre import Metre
from tests.evaluation.generated.note import DRUMS, Note
from tests.evaluation.generated.synth import HZ, Samples
from tests.evaluation.generated.timeline import Timeline, timeline
from tests.evaluation.scores.score import Score
from tests.evaluation.truth import Beat, Truth

TEMPI = {
    "2/4": (66, 132), "2/2": (60, 112), "3/4": (62, 190), "4/4": (60, 170), "5/4": (80, 170), "6/4": (44, 80),
    "6/8": (44, 132), "9/8": (60, 120), "12/8": (50, 90), "7/4": (90, 170),
}  # fmt: skip
"""Slowest and fastest tempo in beats per minute, by time signature."""
KITS = {
    "2/4": ("x...", "..x.", "xxxx"),
    "2/2": ("x...x...", "..x...x.", "xxxxxxxx"),
    "3/4": ("x.....", "..x.x.", "xxxxxx"),
    "4/4": ("x.......x.......", "....x.......x...", "xxxxxxxx"),
    "6/8": ("x.....", "...x..", "xxxxxx"),
}
"""Patterns of kick, snare and hi-hat, by time signature."""
MELODY = (0, 6, 21, 22, 24, 25, 40, 41, 46, 56, 60, 64, 65, 68, 71, 72, 73, 74, 75, 105, 110)
CHOIR = (0, 6, 19, 48, 52, 68)
KEYS = (0, 1, 6, 16, 19)
STRINGS = (40,)
BASSES = (0, 24, 32, 43)
"""General MIDI programs."""
ENSEMBLES = {"bach": CHOIR, "corelli": CHOIR, "haydn": STRINGS, "mozart": STRINGS, "beethoven": STRINGS}
"""Programs for scores of several parts, by collection; others are for a keyboard instrument."""
BASS, BASS_CHANNEL, DRUM_CHANNEL, MOST_PARTS = "bass", 8, 9, 8
LOWEST_BASS = 36
MAX_DEVIATION = 0.02
"""Largest inexactness of a note in seconds."""
RING_SECONDS = 1.0


@dataclass(frozen=True)
class Performance:
    """`notes` are in beats from the excerpt's first downbeat; `pickup` beats of them come before it."""

    score: Score
    timeline: Timeline
    pickup: float
    notes: tuple[Note, ...] = field(repr=False)

    @property
    def name(self) -> str:
        return f"score_{self.score.signature.replace('/', '-')}_{self.score.name}"

    @property
    def tags(self) -> tuple[str, ...]:
        drummed = any(note.part == DRUMS for note in self.notes)
        return (
            self.score.collection,
            "score",
            "drums" if drummed else "no drums",
            "melody" if self.score.parts == 1 else "parts",
            *(["pick-up"] if self.pickup else []),
        )


def performance(score: Score) -> Performance:
    """Return a performance of 20 to 30 s, or of the whole score if it is shorter; the same for the same score."""
    random = Random(f"performance {score.name}")
    slowest, fastest = (math.log(bpm) for bpm in TEMPI[score.signature])
    bpm = math.exp(random.uniform(slowest, fastest))
    bar_seconds = score.beats * 60 / bpm
    bars = min(score.bars, max(6, int(random.uniform(20, 30) / bar_seconds)))
    first = random.randrange(score.bars - bars + 1)
    pickup = score.pickup / score.beat if first == 0 else 0.0
    time = timeline(
        bpm, score.beats, bars * bar_seconds, random,
        pickup=math.ceil(pickup), drift=random.uniform(0.02, 0.06) if random.random() < 0.4 else 0.0,
    )  # fmt: skip
    written = _excerpt(score, first, bars, pickup, random)
    bass = list(_bass(written, score.beats, bars, random)) if score.parts == 1 and random.random() < 0.5 else []
    drummed = list(_drums(score, bars, random)) if score.signature in KITS and random.random() < 0.3 else []
    return Performance(score, time, pickup, (*written, *bass, *drummed))


def rendered(performance: Performance) -> tuple[Samples, Truth]:
    score, random = performance.score, Random(f"rendered {performance.name}")
    channels = {str(part): part for part in range(MOST_PARTS)} | {BASS: BASS_CHANNEL, DRUMS: DRUM_CHANNEL}
    samples = synth.performed(
        performance.notes, performance.timeline.seconds, channels, _programs(score, channels, random), random,
        deviation=random.uniform(0.003, 0.012), limit=MAX_DEVIATION,
    )  # fmt: skip
    samples = samples[: round((performance.timeline.times[-1] + RING_SECONDS) * HZ)]
    return PEAK / np.abs(samples).max() * samples, truth(performance, len(samples) / HZ)


def truth(performance: Performance, seconds: float) -> Truth:
    """Return the truth of a clip of this length; a pick-up has the whole beats that it contains."""
    time = performance.timeline
    silent = time.pickup - math.floor(performance.pickup)
    beats = tuple(
        Beat(round(float(at), 4), time.position(index))
        for index, at in enumerate(time.times)
        if index >= silent and at < seconds
    )
    median = float(np.median(np.diff([beat.time for beat in beats])))
    return Truth(performance.name, "tune", performance.tags, round(60 / median, 2), performance.score.signature, beats)


def _excerpt(score: Score, first: int, bars: int, pickup: float, random: Random) -> list[Note]:
    """Return the notes of the bars, and the pick-up before the first one; downbeats and beats may be louder."""
    downbeat, accent = score.pickup / score.beat + first * score.beats, random.uniform(0, 14)
    notes = []
    for written in score.notes:
        start = written.start / score.beat - downbeat
        if -pickup - 1e-6 <= start < bars * score.beats - 1e-6:
            on_beat = abs(start - round(start)) < 1e-6
            louder = 0 if not on_beat else accent if round(start) % score.beats == 0 else accent / 2
            velocity = min(120, max(25, random.gauss(76, 7) + louder))
            part = str(written.part % MOST_PARTS)
            notes.append(Note(part, written.pitch, start, 0.92 * written.length / score.beat, velocity))
    return notes


def _bass(melody: list[Note], beats: int, bars: int, random: Random) -> Iterator[Note]:
    """Yield the first pitch of each bar of the melody, two octaves lower, on the downbeat, and its fifth later."""
    root = LOWEST_BASS
    for bar in range(bars):
        downbeat = float(bar * beats)
        heard = next((note.pitch for note in melody if downbeat <= note.start < downbeat + beats), root + 24)
        root = max(heard - 24, LOWEST_BASS + heard % 12)
        yield Note(BASS, root, downbeat, 0.9, 76)
        for beat in range(1, beats):
            if beats != 4 or beat == 2 or random.random() < 0.3:
                yield Note(BASS, root + 7, downbeat + beat, 0.6, 70)


def _drums(score: Score, bars: int, random: Random) -> Iterator[Note]:
    kick, snare, hat = KITS[score.signature]
    kit, metre = Kit(kick, snare, hat, 38, 42), Metre(score.signature, (score.beats,))
    for bar in range(bars):
        yield from drums.bar(kit, metre, bar, random, fill=False, crash=False, level=0.9)


def _programs(score: Score, channels: Mapping[str, int], random: Random) -> list[mido.Message]:
    """Return a program for each part; keyboards play all parts with the same one."""
    of_parts = MELODY if score.parts == 1 else ENSEMBLES.get(score.collection, KEYS)
    keyboard = random.choice(KEYS)
    programs = {part: keyboard if of_parts is KEYS else random.choice(of_parts) for part in channels}
    programs |= {BASS: random.choice(BASSES), DRUMS: 0}
    return [
        mido.Message("program_change", channel=channel, program=programs[part]) for part, channel in channels.items()
    ]
