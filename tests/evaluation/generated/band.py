"""Parts besides bass and drums: accompaniment, pad, lead, pick-up and ending."""

from random import Random

from tests.evaluation.generated.harmony import Harmony, Sonority
from tests.evaluation.generated.metre import Metre
from tests.evaluation.generated.note import CRASH, DRUMS, KICK, Note
from tests.evaluation.generated.stroke import ALL, FIFTH_LOW, LOW, Figure, Stroke


def accompaniment(figure: Figure, metre: Metre, bars: int, chords: Harmony) -> list[Note]:
    notes = []
    for number in range(bars):
        for stroke in figure:
            beat = number * metre.beats + stroke.beat
            notes += _struck(stroke, beat, chords.at(beat))
    return notes


def pad(chords: Harmony, end: float) -> list[Note]:
    ends = [start for start, _ in chords.changes[1:]] + [end]
    return [
        Note("pad", pitch, start, until - start, 62)
        for (start, chord), until in zip(chords.changes, ends, strict=True)
        if until > start
        for pitch in chord.voicing
    ]


def lead(metre: Metre, bars: int, section_bars: int, chords: Harmony, random: Random) -> list[Note]:
    """Return a melody with a repeated rhythm of two bars, on chord tones and their neighbours; some sections rest."""
    motif = [
        index / metre.division
        for index in range(2 * metre.beats * metre.division)
        if random.random() < (0.6 if index % metre.division == 0 else 0.35)
    ] or [0.0]
    rests = {section for section in range(1, bars) if random.random() < 0.3}
    pitch, notes = random.randrange(67, 77), []
    for number in range(0, bars - 1, 2):
        if number // section_bars in rests:
            continue
        for beat, until in zip(motif, [*motif[1:], 2.0 * metre.beats], strict=True):
            start = number * metre.beats + beat
            tones = [12 * octave + tone for octave in range(4, 8) for tone in chords.at(start).tones]
            pitch = (
                min(tones, key=lambda tone: abs(tone - pitch - random.choice((-3, -2, 0, 2, 3))))
                if random.random() < 0.8
                else pitch + random.choice((-1, 1, 2))
            )
            pitch = min(max(pitch, 62), 84)
            notes.append(Note("lead", pitch, start, 0.9 * min(2.0, until - beat), random.uniform(76, 98)))
    return notes


def pickup(beats: int, metre: Metre, chords: Harmony, random: Random, *, drummed: bool) -> list[Note]:
    """Return notes before the first bar: a run of the chord instrument, sometimes with drum hits."""
    steps = range(-beats * metre.division, 0)
    root = chords.changes[0][1].root
    notes = [
        Note("comp", 55 + root + random.choice((-1, 2, 4, 7)), step / metre.division, 0.9 / metre.division, 84)
        for step in steps
    ]
    if drummed and random.random() < 0.5:
        notes += [Note(DRUMS, random.choice((38, 45, 47)), step / metre.division, 0.2, 90) for step in steps]
    return notes


def ending(beat: int, chord: Sonority, *, drummed: bool) -> list[Note]:
    held = [Note("comp", pitch, float(beat), 4, 92) for pitch in (chord.low + 12, *chord.voicing)]
    cymbal = [Note(DRUMS, CRASH, float(beat), 2, 100), Note(DRUMS, KICK, float(beat), 1, 105)]
    return [*held, *(cymbal if drummed else [])]


def _struck(stroke: Stroke, beat: float, chord: Sonority) -> list[Note]:
    velocity = 86 * stroke.loudness
    if stroke.tone in {LOW, FIFTH_LOW}:
        pitch = chord.low + 12 + (-5 if stroke.tone == FIFTH_LOW else 0)
        return [Note("comp", pitch, beat, stroke.length, velocity * 1.05)]
    voicing = chord.voicing
    if stroke.tone != ALL:
        octave, tone = divmod(stroke.tone, len(voicing))
        return [Note("comp", voicing[tone] + 12 * octave, beat, stroke.length, velocity)]
    strings = voicing if stroke.strum >= 0 else voicing[::-1]
    late = abs(stroke.strum)
    # The middle of a strum is on the beat.
    return [
        Note("comp", pitch, beat, stroke.length, velocity, late * (index - (len(strings) - 1) / 2))
        for index, pitch in enumerate(strings)
    ]
