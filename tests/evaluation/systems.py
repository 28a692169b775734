"""All that is compared, and its answers, kept until its source changes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from inspect import getsource
from itertools import chain

from rich.progress import Progress

from tests.evaluation import answer, ours, peer
from tests.evaluation.ablations import ABLATIONS, Ablation
from tests.evaluation.answer import Answer
from tests.evaluation.datasets import ROOT, RUN, Item
from tests.evaluation.system import System
from tests.evaluation.workshop import fingerprint, key, separator_version

OURS, REFINED, FOUR = "ours", "ours, with the drums", "ours, always 4/4"
OURS_LYRICS = "ours (vocals)"


def systems() -> list[System]:
    return [
        System(OURS, "rhythm", _rhythm_version, ours.rhythm),
        System(REFINED, "rhythm", lambda: _rhythm_version() + separator_version(), partial(ours.rhythm, drums=True)),
        System(OURS_LYRICS, "lyrics", _lyrics_version, ours.lyrics),
        *peer.SYSTEMS,
    ]


def without(ablation: Ablation) -> System:
    """Our system of that task, with something taken out."""
    name = OURS if ablation.task == "rhythm" else OURS_LYRICS
    whole = next(system for system in systems() if system.name == name)

    def answers(items: list[Item]) -> Iterator[tuple[Item, Answer]]:
        with ablation.taken_out():
            yield from whole.answers(items)

    version = whole.version() + fingerprint(ablation.version)
    return replace(
        whole, name=f"{name} without {ablation.says}", version=lambda: version, answers=answers, sets=("report",)
    )


def ablated() -> list[System]:
    return [without(ablation) for ablation in ABLATIONS]


def answers_of(system: System, items: list[Item], progress: Progress) -> dict[str, Answer]:
    """By clip's name. Raises NotInstalledError for a peer that cannot be had."""
    folder = RUN / "answers" / system.name.replace("/", "-") / system.version()
    files = {item.name: folder / f"{key(item)}.json" for item in items}
    found = {item.name: answer.read(files[item.name]) for item in items if files[item.name].is_file()}
    missing = [item for item in items if item.name not in found]
    fresh = system.answers(missing) if missing else iter(())
    bar = progress.add_task(system.name, total=len(items), completed=len(found))
    for item, said in chain(fresh):
        said.write(files[item.name])
        found[item.name] = said
        progress.advance(bar)
    return found


def _rhythm_version() -> str:
    return fingerprint(ROOT / "services" / "beats", getsource(ours.rhythm))


def _lyrics_version() -> str:
    return fingerprint(ROOT / "services" / "transcriber", getsource(ours.lyrics)) + separator_version()
