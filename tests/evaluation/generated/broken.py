"""Accompaniment figures of broken chords."""

from random import Random

from tests.evaluation.generated.metre import Metre
from tests.evaluation.generated.stroke import ALL, FIFTH_LOW, LOW, Figure, Stroke, passing

FASTEST_NOTES = 9.0
"""Maximum notes per second that a person can play."""


def arpeggio(metre: Metre, bpm: float, random: Random) -> Figure:
    per_beat = max((n for n in _divisions(metre) if n * bpm / 60 <= FASTEST_NOTES), default=1)
    order = random.choice(
        (
            (0, 1, 2, 3),
            (0, 2, 1, 2),
            (0, 1, 2, 1),
            (3, 2, 1, 0),
            (0, 2, 3, 2),
            (0, 1, 3, 2, 1, 2),
            (0, 1, 2, 3, 2, 1),
            random.sample(range(4), 4),
        )
    )
    soft = random.uniform(0.7, 0.9)
    return tuple(
        Stroke(
            index / per_beat,
            1.6 / per_beat,
            LOW if index == 0 else order[index % len(order)],
            1.0 if index % per_beat == 0 else soft,
        )
        for index in range(metre.beats * per_beat)
    )


def picking(metre: Metre, bpm: float, random: Random) -> Figure:
    """Return bass notes at the beginning of beat groups and other chord tones between them."""
    per_beat = max((n for n in _divisions(metre) if n * bpm / 60 <= FASTEST_NOTES), default=1)
    fingers = [random.randrange(1, 4) for _ in range(metre.beats * per_beat)]
    strokes = []
    for index, finger in enumerate(fingers):
        beat = index / per_beat
        thumb = beat in {float(start) for start in metre.starts}
        if thumb or random.random() < 0.8:
            strokes.append(Stroke(beat, 1.0, (FIFTH_LOW if beat else LOW) if thumb else finger, 1.0 if thumb else 0.8))
    return tuple(strokes)


def oompah(metre: Metre, bpm: float, random: Random) -> Figure:
    """Return the root at the beginning of each group and chords on the other beats; in 2/4 between the beats."""
    if metre.beats == 2:
        after = 0.5 if metre.division == 2 else 2 / 3
        strokes = [
            stroke
            for beat in (0, 1)
            for stroke in (Stroke(beat, 0.45, FIFTH_LOW if beat else LOW), Stroke(beat + after, 0.3, ALL, 0.8))
        ]
        return (*strokes, *passing(metre, random))
    starts = (0,) if metre.beats == 3 else metre.starts
    chords = [beat for beat in range(metre.beats) if beat not in starts and (beat < 2 or random.random() < 0.9)]
    return (
        *(Stroke(float(beat), 0.9, FIFTH_LOW if index else LOW) for index, beat in enumerate(starts)),
        *(Stroke(float(beat), 0.5, ALL, 0.8) for beat in chords),
        *passing(metre, random),
    )


def stride(metre: Metre, bpm: float, random: Random) -> Figure:
    """Return bass and chord in turn, with some melody tones between them."""
    left = [
        Stroke(
            float(beat),
            0.8,
            (FIFTH_LOW if beat else LOW) if beat % 2 == 0 and (metre.beats != 3 or beat == 0) else ALL,
            0.9,
        )
        for beat in range(metre.beats)
    ]
    step = 1 / metre.division
    right = [
        Stroke(beat + step, step, random.randrange(4), 0.8) for beat in range(metre.beats) if random.random() < 0.5
    ]
    return (*left, *right)


def bossa(metre: Metre, bpm: float, random: Random) -> Figure:
    places = random.choice(((0, 1, 2.5, 3.5), (0, 1.5, 2, 3.5), (0.5, 1.5, 2.5, 3.5), (0, 1, 1.5, 2.5, 3.5)))
    return tuple(Stroke(float(place), 0.4, ALL) for place in places)


def habanera(metre: Metre, bpm: float, random: Random) -> Figure:
    whole = metre.beats / 2
    return tuple(Stroke(whole * place, 0.4, LOW if place == 0 else ALL) for place in (0, 0.75, 1, 1.5))


def vamp(metre: Metre, bpm: float, random: Random) -> Figure:
    """Return a figure for 5/4: three beats, then two."""
    return (
        Stroke(0.0, 1.3, LOW),
        Stroke(0.0, 1.3, ALL, 0.8),
        Stroke(1.5, 0.4, ALL, 0.9),
        Stroke(3.0, 0.9, FIFTH_LOW),
        Stroke(3.0, 0.9, ALL, 0.8),
        Stroke(4.0, 0.6, ALL, 0.8),
    )


def _divisions(metre: Metre) -> tuple[int, ...]:
    return {1: (1, 2), 2: (1, 2, 4), 3: (3, 6)}[metre.division]
