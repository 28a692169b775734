"""Bass parts.

Each function returns (beat in bar, length in beats, semitones from the root, loudness) for one bar.
"""

from collections.abc import Callable
from random import Random

from tests.evaluation.generated.harmony import Harmony
from tests.evaluation.generated.metre import Metre
from tests.evaluation.generated.note import Note

Plucks = list[tuple[float, float, int, float]]
FIFTH, OCTAVE = 7, 12


def kick(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    ends = [*kicks[1:], float(metre.beats)]
    played = zip(kicks, ends, strict=False)
    return [(beat, 0.85 * (end - beat), FIFTH if beat and random.random() < 0.15 else 0, 1.0) for beat, end in played]


def roots(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    return [(0.0, metre.beats * 0.95, 0, 1.0)]


def eighths(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    step = 1 / metre.division
    return [
        (index * step, 0.9 * step, 0, 1.0 if index % metre.division == 0 else 0.85)
        for index in range(metre.beats * metre.division)
    ]


def two(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    starts = metre.starts if metre.beats > 3 or metre.division == 3 else (0,) if metre.beats == 3 else (0, 1)
    return [
        (float(beat), 0.9, FIFTH if index % 2 else 0, 1.0 if index == 0 else 0.9) for index, beat in enumerate(starts)
    ]


def walk(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    middle = [random.choice((0, 2, 4, 5, 7, 9, 12)) for _ in range(metre.beats - 2)]
    line = [0, *middle, random.choice((-1, 1, 7, 5))]
    return [(float(beat), 0.9, semitones, 1.0 if beat == 0 else 0.92) for beat, semitones in enumerate(line)]


def syncopated(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    """Return sixteenths, more between the beats than on them; sometimes without the downbeat."""
    beats = [0.0] if random.random() < 0.85 else []
    beats += [step / 4 for step in range(1, metre.beats * 4) if random.random() < (0.12, 0.15, 0.3, 0.28)[step % 4]]
    ends = [*beats[1:], float(metre.beats)]
    return [
        (beat, min(1.0, 0.8 * (end - beat)), random.choice((0, 0, 0, 7, 12, 10)) if beat else 0, 1.0)
        for beat, end in zip(beats, ends, strict=False)
    ]


def offbeats(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    return [(beat + 0.5, 0.4, 0, 1.0) for beat in range(metre.beats)]


def octaves(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    return [(beat + half, 0.4, OCTAVE if half else 0, 1.0) for beat in range(metre.beats) for half in (0.0, 0.5)]


def bossa(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    return [(0.0, 1.4, 0, 1.0), (1.5, 0.45, FIFTH, 0.85), (2.0, 1.4, FIFTH, 1.0), (3.5, 0.45, 0, 0.85)]


def habanera(metre: Metre, kicks: list[float], random: Random) -> Plucks:
    whole = metre.beats / 2
    return [
        (whole * beat, 0.4 * whole, semitones, 1.0)
        for beat, semitones in ((0, 0), (0.75, FIFTH), (1, OCTAVE), (1.5, FIFTH))
    ]


WAYS: dict[str, Callable[[Metre, list[float], Random], Plucks]] = {
    way.__name__: way for way in (kick, roots, eighths, two, walk, syncopated, offbeats, octaves, bossa, habanera)
}


def part(way: str, kicks: list[float], metre: Metre, bars: int, chords: Harmony, random: Random) -> list[Note]:
    """Repeat two bars, except for a walking bass; `kicks` are the beats of the bass drum in a bar."""
    figures = [WAYS[way](metre, kicks, random) for _ in range(2)]
    notes = []
    for number in range(bars):
        figure = WAYS[way](metre, kicks, random) if way == "walk" else figures[number % 4 == 3]
        downbeat = number * metre.beats
        for beat, length, semitones, loud in figure:
            notes.append(Note("bass", chords.at(downbeat + beat).low + semitones, downbeat + beat, length, 96 * loud))
        # A chord that starts within the bar gets its root, unless another note is close.
        for start, chord in chords.changes:
            if downbeat < start < downbeat + metre.beats and all(
                abs(start - downbeat - beat) > 0.2 for beat, *_ in figure
            ):
                notes.append(Note("bass", chord.low, start, 0.5, 92))
    return notes
