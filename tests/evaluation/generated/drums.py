"""Drum parts: varied patterns with fills and silent bars."""

from dataclasses import dataclass
from random import Random

from tests.evaluation.generated.grooves.style import Pool, Style
from tests.evaluation.generated.metre import Metre
from tests.evaluation.generated.note import CRASH, DRUMS, KICK, Note

LOUDNESS = {"X": 1.12, "x": 1.0, "o": 0.55}
TOMS = (38, 38, 45, 47, 50, 41)


@dataclass(frozen=True)
class Kit:
    """Patterns of one clip, and the drums that play them."""

    kick: str
    snare: str
    hat: str
    snare_note: int
    hat_note: int

    @property
    def bars(self) -> tuple[str, str, str]:
        return self.kick, self.snare, self.hat


def drawn(style: Style, metre: Metre, half: int, random: Random) -> Kit:
    kick, snare, hat = (_pattern(pool, metre, half, random) for pool in (style.kick, style.snare, style.hat))
    if not style.loop and style.name not in {"four on the floor", "one-drop"} and random.random() < 0.6:
        kick = _varied(kick, random)
    return Kit(kick, snare, hat, random.choice(style.snare_notes), random.choice(style.hat_notes))


def part(kit: Kit, metre: Metre, bars: int, section_bars: int, random: Random, *, loop: bool = False) -> list[Note]:
    """Return drums from the start or after an intro, with fills before sections and some silent bars."""
    if loop:
        return [
            note
            for number in range(bars)
            for note in bar(kit, metre, number, Random(0), fill=False, crash=False, level=1.0)
        ]
    enter = random.choice((0, 0, 0, 2, 4)) if bars > 12 else 0
    silent = {random.randrange(enter + 4, bars) for _ in range(random.choice((0, 0, 1, 2))) if bars > enter + 5}
    fills = random.choice((0.2, 0.6, 0.9))
    notes = []
    for number in range(enter, bars):
        if number in silent:
            continue
        last = (number + 1) % section_bars == 0
        fill = random.random() < fills if last else random.random() < 0.2 * fills and number % 2 == 1
        first = number % section_bars == 0 and random.random() < 0.6
        level = (0.88, 1.0)[number // section_bars % 2]
        notes += bar(kit, metre, number, random, fill=fill, crash=first, level=level)
    return notes


def _pattern(pool: Pool, metre: Metre, half: int, random: Random) -> str:
    pattern = random.choice(pool[half::2] or pool or ("",))
    starts = metre.starts
    if pattern == "groups":
        return "".join(
            "x" if beat in starts and (beat == 0 or random.random() < 0.8) else "." for beat in range(metre.beats)
        )
    if pattern == "after groups":
        return "".join("x" if beat - 1 in starts and (random.random() < 0.8) else "." for beat in range(metre.beats))
    return pattern


def _varied(kick: str, random: Random) -> str:
    """Add a soft hit on an empty step."""
    free = [index for index, step in enumerate(kick) if step == "." and kick[index - 1 : index] != "x"]
    if not free:
        return kick
    place = random.choice(free)
    return kick[:place] + "o" + kick[place + 1 :]


def steps(pattern: str, metre: Metre, bar: int) -> list[tuple[float, float]]:
    """Return (beat within the bar, loudness) of each hit of the pattern in this bar."""
    bars = pattern.split("|")
    steps_of_bar = bars[bar % len(bars)]
    return [
        (index * metre.beats / len(steps_of_bar), LOUDNESS[step])
        for index, step in enumerate(steps_of_bar)
        if step != "."
    ]


def bar(kit: Kit, metre: Metre, number: int, random: Random, *, fill: bool, crash: bool, level: float) -> list[Note]:
    """Return one bar; `fill` ends it with toms, `crash` adds a cymbal to its downbeat, `level` scales velocities."""
    downbeat = number * metre.beats
    fill_from = metre.beats - random.choice((1, 1, 2)) if fill and metre.beats > 1 else metre.beats
    notes = []
    for pattern, pitch, velocity in (
        (kit.kick, KICK, 104),
        (kit.snare, kit.snare_note, 100),
        (kit.hat, kit.hat_note, 72),
    ):
        for beat, loud in steps(pattern, metre, number):
            if beat < fill_from and random.random() > 0.03 * (loud < 1):
                notes.append(Note(DRUMS, pitch, downbeat + beat, 0.2, velocity * loud * level))
    notes += [
        Note(DRUMS, random.choice(TOMS), downbeat + step / (2 * metre.division), 0.2, random.uniform(80, 112) * level)
        for step in range(fill_from * 2 * metre.division, metre.beats * 2 * metre.division)
        if random.random() < (0.9 if step % 2 == 0 else 0.45)
    ]
    if crash:
        notes.append(Note(DRUMS, CRASH, float(downbeat), 1.0, 96 * level))
    return notes
