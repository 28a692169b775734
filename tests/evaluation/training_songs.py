"""Render clips for fitting from many sources: all styles at wider tempi, drums alone, and scores of real works.

A clip's source is its style or collection. `folds` divides data by source, because clips of one source are alike. The
clips use the patterns of both halves of the generated set.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from rich.progress import track

from tests.evaluation import render
from tests.evaluation.datasets import RUN
from tests.evaluation.generated import grooves
from tests.evaluation.generated.grooves import drums_alone
from tests.evaluation.generated.grooves.style import Style
from tests.evaluation.generated.plan import Plan
from tests.evaluation.scores.performance import Performance, performance, rendered
from tests.evaluation.scores.score import scores
from tests.evaluation.system import NotInstalledError
from tests.evaluation.truth import Truth

TRAINING_SONGS = RUN / "training_songs"
SLOWER, FASTER = 0.8, 1.2
"""Factors that widen the tempi of a band style."""
MORE: Final = {"4/4": 8, "3/4": 4, "6/8": 4}
"""More clips of a band style in this metre, because most songs of users are in it."""
SLOWEST_BPM, FASTEST_BPM, FASTEST_EIGHTHS_BPM = 42, 214, 290


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=TRAINING_SONGS, help="folder (default: %(default)s)")
    arguments = parser.parse_args()
    if missing := render.missing_packages():
        sys.exit(missing)
    try:
        training_songs(arguments.out)
    except NotInstalledError as error:
        sys.exit(str(error))


def training_songs(out: Path = TRAINING_SONGS) -> list[Path]:
    """Render the missing clips and return the truth files of all. Raises NotInstalledError without music21."""
    out.mkdir(parents=True, exist_ok=True)
    makers: dict[str, Callable[[Path], None]] = {plan.name: partial(render.song, plan) for plan in plans()}
    makers |= {each.name: partial(_tune, each) for each in map(performance, scores())}
    missing = [make for name, make in makers.items() if not (out / f"{name}.json").is_file()]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(make, out) for make in missing]
        for job in track(jobs, description=f"Rendering into {out}", disable=not jobs):
            job.result()
    return [out / f"{name}.json" for name in makers]


def plans() -> list[Plan]:
    """Return the plans of all styles."""
    return [
        plan
        for style in (*drums_alone.STYLES, *grooves.STYLES)
        for plan in _plans(style, wider=style in grooves.STYLES)
    ]


def folds(items: Sequence[Truth], count: int) -> list[int]:
    """Return the fold of each item, 0 to `count` - 1. A source is never split; metres are spread over the folds."""
    sources: dict[str, Counter[str | None]] = {}
    for item in items:
        sources.setdefault(item.source, Counter())[item.time_signature] += 1
    filled: list[Counter[str | None]] = [Counter() for _ in range(count)]
    chosen: dict[str, int] = {}
    for source, metres in sorted(sources.items(), key=lambda pair: (-pair[1].total(), pair[0])):
        alike = [sum(fold[metre] * clips for metre, clips in metres.items()) for fold in filled]
        chosen[source] = min(range(count), key=lambda index: (alike[index], filled[index].total()))
        filled[chosen[source]] += metres
    return [chosen[item.source] for item in items]


def _plans(style: Style, *, wider: bool) -> Iterator[Plan]:
    random = Random(f"wide {style.name}")
    slowest, fastest = style.bpm
    count = style.clips
    if wider:
        slowest = max(SLOWEST_BPM, SLOWER * slowest)
        fastest = min(FASTEST_EIGHTHS_BPM if style.signature == "7/8" else FASTEST_BPM, FASTER * fastest)
        count = 2 * style.clips + MORE.get(style.signature, 0)
    for index in range(count):
        bpm = slowest * (fastest / slowest) ** ((index + random.random()) / count)
        yield _plan(style, index, bpm, random)


def _plan(style: Style, index: int, bpm: float, random: Random) -> Plan:
    pickup = random.choice((1, 1, 2)) if random.random() < 0.3 else 0
    return Plan(
        name=f"{style.signature.replace('/', '-')}_{style.name.replace(' ', '-').replace(',', '')}_{index}_{bpm:.0f}",
        style=style,
        bpm=round(bpm, 2),
        split=("tune", "report")[index % 2],
        seconds=round(random.uniform(18, 32), 1),
        drift=round(random.uniform(0.02, 0.07), 3) if random.random() < 0.25 and not style.loop else 0.0,
        wander=0.04 if style.free and random.random() < 0.4 else 0.0,
        pickup=min(pickup, 1) if style.signature in {"2/4", "6/8"} else 0 if style.loop else pickup,
        cut=round(random.uniform(0.3, 6), 2) if not pickup and random.random() < 0.5 else 0.0,
    )


def _tune(performance: Performance, out: Path) -> None:
    render.write(performance.name, partial(rendered, performance), out)


if __name__ == "__main__":
    main()
