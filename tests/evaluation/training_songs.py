"""Additional training songs: styles and patterns of the generated set's tune half at other tempi."""

import math
from pathlib import Path
from random import Random

from rich.progress import track

from tests.evaluation.datasets import RUN
from tests.evaluation.generated.grooves import STYLES
from tests.evaluation.generated.grooves.style import Style
from tests.evaluation.generated.plan import Plan
from tests.evaluation.render import song

TRAINING_SONGS = RUN / "training_songs"
SONGS_PER_CLIP = 3
"""Training songs for each clip of the same style in the set."""


def training_songs(out: Path = TRAINING_SONGS) -> list[Path]:
    """Render the missing songs and return the truth files of all of them."""
    (out / "stems").mkdir(parents=True, exist_ok=True)
    plans = [plan for style in STYLES for plan in _plans(style)]
    missing = [plan for plan in plans if not (out / f"{plan.name}.json").is_file()]
    for plan in track(missing, description=f"Rendering into {out}", disable=not missing):
        song(plan, out)
    return [out / f"{plan.name}.json" for plan in plans]


def _plans(style: Style) -> list[Plan]:
    random = Random(f"training {style.name}")
    slowest, fastest = (math.log(bpm) for bpm in style.bpm)
    count = SONGS_PER_CLIP * style.clips
    return [
        _plan(style, index, math.exp(slowest + (index + random.random()) / count * (fastest - slowest)), random)
        for index in range(count)
    ]


def _plan(style: Style, index: int, bpm: float, random: Random) -> Plan:
    pickup = random.choice((1, 1, 2)) if random.random() < 0.3 else 0
    return Plan(
        name=f"{style.signature.replace('/', '-')}_{style.name.replace(' ', '-')}_{index}_{bpm:.0f}",
        style=style,
        bpm=round(bpm, 2),
        split="tune",
        seconds=round(random.uniform(22, 34), 1),
        drift=round(random.uniform(0.02, 0.08), 3) if random.random() < 0.3 else 0.0,
        pickup=min(pickup, 1) if style.signature in {"2/4", "6/8"} else pickup,
        cut=round(random.uniform(0.3, 6), 2) if not pickup and random.random() < 0.5 else 0.0,
    )
