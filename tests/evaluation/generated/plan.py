"""Plans of all clips: style, tempo, drift, beginning, ending and voice."""

import math
from dataclasses import dataclass, replace
from itertools import groupby
from random import Random

from tests.evaluation.generated.grooves import STYLES
from tests.evaluation.generated.grooves.style import Style
from tests.evaluation.truth import Split


@dataclass(frozen=True)
class Plan:
    """`drift` is the depth of a slow wave in tempo, `wander` that of a random walk; `ritardando` slows the last bars.

    `pickup` beats precede the first bar. `cut` seconds are removed from the start, so that the clip begins within a
    bar. `voice` is the number of the lyrics, from 0, for a clip with a voice.
    """

    name: str
    style: Style
    bpm: float
    split: Split
    seconds: float
    drift: float = 0.0
    wander: float = 0.0
    ritardando: bool = False
    pickup: int = 0
    cut: float = 0.0
    voice: int | None = None

    @property
    def half(self) -> int:
        """Index of the half of a style's patterns that this plan uses."""
        return ("tune", "report").index(self.split)

    @property
    def tags(self) -> tuple[str, ...]:
        flags = {
            "drums" if self.style.drums else "no drums": True,
            "drift": bool(self.drift),
            "free": bool(self.wander),
            "ritardando": self.ritardando,
            "pick-up": bool(self.pickup),
            "cut in": bool(self.cut),
            "sung": self.voice is not None,
        }
        tags = (self.style.name, *self.style.tags, *(tag for tag, true in flags.items() if true))
        return tuple(dict.fromkeys(tags))


def plans() -> list[Plan]:
    """Return all clips with beats; they are sorted by metre, style and tempo, and divided into halves in this order."""
    drafts = sorted((draft for style in STYLES for draft in _of(style)), key=_metre)
    in_metre = [index for _, same in groupby(drafts, _metre) for index, _ in enumerate(same)]
    named = [
        # tune, report, report, tune: so that the faster one of a pair is not always in the same half.
        replace(
            draft, name=f"{index:02d}_{draft.name}_{draft.bpm:.0f}", split="report" if place % 4 in {1, 2} else "tune"
        )
        for index, (place, draft) in enumerate(zip(in_metre, drafts, strict=True))
    ]
    voices = {plan.name: number for number, plan in enumerate(_sung(named))}
    return [
        replace(plan, voice=voices[plan.name], cut=0.0, wander=0.0) if plan.name in voices else plan for plan in named
    ]


def _sung(plans: list[Plan]) -> list[Plan]:
    """Return the slowest clips of the styles with a voice, alternately from the half that has fewer."""
    chosen: list[Plan] = []
    for style in STYLES:
        for _ in range(style.sung):
            tune = sum(plan.split == "tune" for plan in chosen)
            wanted = "tune" if 2 * tune <= len(chosen) else "report"
            free = [plan for plan in plans if plan.style is style and plan not in chosen]
            chosen.append(min(free, key=lambda plan: (plan.split != wanted, plan.bpm)))
    return chosen


def _metre(plan: Plan) -> str:
    return plan.style.signature


def _of(style: Style) -> list[Plan]:
    random = Random(f"plan {style.name}")
    slowest, fastest = (math.log(bpm) for bpm in style.bpm)
    result = []
    for index in range(style.clips):
        place = (index + random.uniform(-0.06, 0.06) * style.clips) / (style.clips - 1) if style.clips > 1 else 0.5
        place = min(max(place, 0.0), 1.0)
        free = style.free and random.random() < 0.4
        pickup = random.choice((1, 1, 2)) if random.random() < 0.3 else 0
        result.append(
            Plan(
                name=f"{style.signature.replace('/', '-')}_{style.name.replace(' ', '-')}",
                style=style,
                bpm=round(math.exp(slowest + place * (fastest - slowest)), 2),
                split="tune",
                seconds=round(random.uniform(22, 38), 1),
                drift=round(random.uniform(0.02, 0.08), 3) if random.random() < 0.3 and not free else 0.0,
                wander=0.05 if free else 0.0,
                ritardando=random.random() < 0.12,
                pickup=min(pickup, 1) if style.signature in {"2/4", "6/8"} else pickup,
                cut=round(random.uniform(0.3, 6.0), 2) if not pickup and random.random() < 0.5 else 0.0,
            )
        )
    return result
