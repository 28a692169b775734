"""Composition of a plan: instruments, sections and notes."""

from dataclasses import dataclass, field
from random import Random

from tests.evaluation.generated import band, bass, comp, drums
from tests.evaluation.generated.harmony import Harmony, harmony
from tests.evaluation.generated.metre import METRES, Metre
from tests.evaluation.generated.note import Note
from tests.evaluation.generated.plan import Plan
from tests.evaluation.generated.stroke import Figure
from tests.evaluation.generated.timeline import Timeline, timeline

HALF_BEAT = 0.5


@dataclass(frozen=True)
class Song:
    """`swing` is the position of the middle of a beat, or of half a beat with `swung_sixteenths`."""

    plan: Plan
    metre: Metre
    timeline: Timeline
    harmony: Harmony
    kit: drums.Kit
    figure: Figure
    swing: float
    notes: tuple[Note, ...] = field(repr=False)

    def seconds(self, beat: float) -> float:
        """Return the time of a beat or a part of it, with swing."""
        return self.timeline.seconds(swung(beat, self.swing, sixteenths=self.plan.style.swung_sixteenths))


def swung(beat: float, swing: float, *, sixteenths: bool) -> float:
    """Move the middle of each beat (or half beat) to `swing`, and the positions around it proportionally."""
    unit = HALF_BEAT if sixteenths else 1.0
    whole, part = divmod(beat / unit, 1)
    moved = part * 2 * swing if part < HALF_BEAT else swing + (part - HALF_BEAT) * 2 * (1 - swing)
    return (whole + moved) * unit


def composed(plan: Plan) -> Song:
    random = Random(f"song {plan.name}")
    style, metre = plan.style, METRES[plan.style.signature]
    if style.groups:
        metre = Metre(metre.signature, random.choice(style.groups), metre.division)
    time = timeline(
        plan.bpm, metre.beats, plan.seconds + plan.cut, random,
        pickup=plan.pickup, drift=plan.drift, wander=plan.wander, ritardando=plan.ritardando,
    )  # fmt: skip
    section_bars = random.choice((4, 8)) if metre.beats * 60 / plan.bpm > 1.5 else 8
    chords = harmony(metre, time.bars, section_bars, style.anticipation, random)
    kit = drums.drawn(style, metre, plan.half, random)
    figure = comp.WAYS[random.choice(style.comp)](metre, plan.bpm, random)
    kicks = sorted(beat for beat, _ in drums.steps(kit.kick, metre, 0)) or [0.0]
    end = time.bars * metre.beats
    parts = [
        *(drums.part(kit, metre, time.bars, section_bars, random, loop=style.loop) if style.drums else []),
        *(bass.part(random.choice(style.bass), kicks, metre, time.bars, chords, random) if style.bass else []),
        *band.accompaniment(figure, metre, time.bars, chords),
        *(band.pad(chords, end) if random.random() < style.pad else []),
        *(band.lead(metre, time.bars, section_bars, chords, random) if random.random() < style.lead else []),
        *(band.pickup(plan.pickup, metre, chords, random, drummed=style.drums) if figure else []),
        *(band.ending(end, chords.changes[-1][1], drummed=style.drums) if figure else []),
    ]
    swing = random.uniform(*style.swing)
    return Song(plan, metre, time, chords, kit, figure, swing, tuple(parts))
