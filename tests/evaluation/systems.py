"""All compared systems and their answers, cached until their source changes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from inspect import getsource
from itertools import chain

from rich.progress import Progress

from tests.evaluation import answer, engines, peer
from tests.evaluation.ablations import ABLATIONS, Ablation
from tests.evaluation.answer import Answer
from tests.evaluation.datasets import ROOT, RUN, Item
from tests.evaluation.prepared import fingerprint, key, separator_version
from tests.evaluation.system import System

OURS, REFINED, FOUR = "ours", "ours, with the drums", "ours, always 4/4"
OURS_LYRICS = "ours (vocals)"


def systems() -> list[System]:
    return [
        System(OURS, "rhythm", _rhythm_version, engines.rhythm),
        System(REFINED, "rhythm", lambda: _rhythm_version() + separator_version(), partial(engines.rhythm, drums=True)),
        System(OURS_LYRICS, "lyrics", _lyrics_version, engines.lyrics),
        *peer.SYSTEMS,
    ]


def without(ablation: Ablation) -> System:
    """Return this project's system of the ablation's task, without one part."""
    name = OURS if ablation.task == "rhythm" else OURS_LYRICS
    whole = next(system for system in systems() if system.name == name)

    def answers(items: list[Item]) -> Iterator[tuple[Item, Answer]]:
        with ablation.applied():
            yield from whole.answers(items)

    version = whole.version() + fingerprint(ablation.version)
    return replace(
        whole, name=f"{name} without {ablation.label}", version=lambda: version, answers=answers, sets=("report",)
    )


def ablated() -> list[System]:
    return [without(ablation) for ablation in ABLATIONS]


def answers_of(system: System, items: list[Item], progress: Progress) -> dict[str, Answer]:
    """Return answers by name of the clip. Raises NotInstalledError if a peer cannot be installed."""
    folder = RUN / "answers" / system.name.replace("/", "-") / system.version()
    files = {item.name: folder / f"{key(item)}.json" for item in items}
    found = {item.name: answer.read(files[item.name]) for item in items if files[item.name].is_file()}
    missing = [item for item in items if item.name not in found]
    fresh = system.answers(missing) if missing else iter(())
    bar = progress.add_task(system.name, total=len(items), completed=len(found))
    for item, fresh_answer in chain(fresh):
        fresh_answer.write(files[item.name])
        found[item.name] = fresh_answer
        progress.advance(bar)
    return found


def _rhythm_version() -> str:
    return fingerprint(ROOT / "services" / "beats", getsource(engines.rhythm), getsource(engines._rhythm))


def _lyrics_version() -> str:
    engine = fingerprint(ROOT / "services" / "transcriber", getsource(engines.lyrics), getsource(engines._lyrics))
    return engine + separator_version()
