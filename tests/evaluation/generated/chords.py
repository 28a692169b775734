"""Accompaniment figures of whole chords; each is drawn once per song and repeated in every bar."""

from random import Random

from tests.evaluation.generated.metre import Metre
from tests.evaluation.generated.stroke import ALL, Figure, Stroke, passing


def none(metre: Metre, bpm: float, random: Random) -> Figure:
    return ()


def block(metre: Metre, bpm: float, random: Random) -> Figure:
    """Return a chord on each beat, or on each group of beats."""
    beats = range(metre.beats) if bpm < 150 or random.random() < 0.5 else metre.starts
    return (*(Stroke(float(beat), 0.9, ALL, 1.0 if beat == 0 else 0.82) for beat in beats), *passing(metre, random))


def power(metre: Metre, bpm: float, random: Random) -> Figure:
    """Return eighth notes with a few accents."""
    step = 1 / metre.division
    accents = {0, *random.sample(range(metre.beats * metre.division), k=2)}
    return tuple(
        Stroke(index * step, 0.8 * step, ALL, 1.0 if index in accents else 0.65)
        for index in range(metre.beats * metre.division)
    )


def pad(metre: Metre, bpm: float, random: Random) -> Figure:
    return (Stroke(0.0, metre.beats * 0.97, ALL),)


def strum(metre: Metre, bpm: float, random: Random) -> Figure:
    """Return down strokes on the beats and up strokes between them; some are omitted."""
    per_beat = metre.division * (2 if bpm * metre.division < 170 and random.random() < 0.5 else 1)
    strokes = []
    for index in range(metre.beats * per_beat):
        down = index % 2 == 0 if metre.division != 3 else True
        on_beat = index % per_beat == 0
        if index == 0 or random.random() < (0.8 if on_beat else 0.5):
            loud = 1.0 if on_beat else 0.75
            strokes.append(Stroke(index / per_beat, 0.9, ALL, loud, random.uniform(0.004, 0.009) * (1 if down else -1)))
    return tuple(strokes)


def chop(metre: Metre, bpm: float, random: Random) -> Figure:
    return tuple(Stroke(beat + 0.5, 0.22, ALL) for beat in range(metre.beats))


def skank(metre: Metre, bpm: float, random: Random) -> Figure:
    return tuple(Stroke(float(beat), 0.3, ALL) for beat in range(1, metre.beats, 2))


def stabs(metre: Metre, bpm: float, random: Random) -> Figure:
    """Return few, syncopated chords."""
    places = [step / 2 for step in range(metre.beats * 2) if random.random() < (0.3 if step % 2 == 0 else 0.45)] or [
        0.5
    ]
    return tuple(Stroke(place, random.choice((0.25, 0.4, 0.8)), ALL) for place in places)
