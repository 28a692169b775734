"""Measure rhythm, lyrics and stems, compare them with other programs, and write docs/evaluation.

Answers are cached in `.run/evaluation` until the source code that produced them changes, so a second run is quick.
"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.evaluation import lyrics_tables, plots, render, rhythm_tables, tables
from tests.evaluation.datasets import PAGE, ROOT, SETS, Item, items
from tests.evaluation.results import results
from tests.evaluation.system import System
from tests.evaluation.systems import ablated, systems

GENERATED = ("tune", "report")
RECORDINGS = ("sample song", "real audio")


def main() -> None:
    arguments = _arguments()
    if not arguments.clips.is_dir() or arguments.clips == render.CLIPS:
        if missing := render.missing_packages():
            raise SystemExit(missing)
        render.render(arguments.clips)
    chosen = [
        system for system in [*systems(), *(ablated() if arguments.ablations else [])] if _wanted(system, arguments)
    ]
    selected = [
        item
        for item in items(arguments.clips, arguments.audio)
        if item.set in arguments.sets and arguments.only in item.name
    ]
    sections = evaluate(chosen, selected, arguments.tasks, plots_in=arguments.page.parent if arguments.write else None)
    for name, content in sections.items():
        if arguments.write:
            tables.write(arguments.page, name, content)
        else:
            Console(soft_wrap=True).print(f"# {name}\n\n{content}\n", markup=False)


def evaluate(systems: list[System], items: list[Item], tasks: list[str], plots_in: Path | None) -> dict[str, str]:
    """Return tables by the name of their section in the page."""
    sections: dict[str, str] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        if "rhythm" in tasks:
            found = results("rhythm", systems, items, progress)
            sections["rhythm"] = rhythm_tables.by_system(found)
            sections["metres"] = rhythm_tables.by_metre(found, "report")
            sections["recordings"] = rhythm_tables.by_clip(found, RECORDINGS)
            sections["kinds"] = rhythm_tables.by_tag(found, "report")
            sections["rhythm ablations"] = rhythm_tables.ablations(found, "report")
            if plots_in:
                plots.beat_errors(found, "report", plots_in / "beat-errors.svg")
                plots.confidence(found, GENERATED, plots_in / "confidence.svg")
                plots.metres(found, "report", plots_in / "metres.svg")
        if "lyrics" in tasks:
            found = results("lyrics", systems, items, progress)
            sections["lyrics"] = lyrics_tables.by_system(found)
            sections["lyrics ablations"] = lyrics_tables.ablations(found, "report")
            if plots_in:
                plots.word_starts(found, SETS, plots_in / "word-starts.svg")
        if "stems" in tasks:
            sections["stems"] = lyrics_tables.stems(items)
    return sections


def _wanted(system: System, arguments: argparse.Namespace) -> bool:
    return not arguments.systems or any(name in system.name for name in arguments.systems)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.evaluation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tasks", nargs="*", help="rhythm, lyrics, stems (default: all)")
    parser.add_argument("--systems", nargs="+", metavar="NAME", help="only systems with one of these in their names")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="data sets (default: all)")
    parser.add_argument("--only", default="", help="only clips with this in their names")
    parser.add_argument("--ablations", action="store_true", help="also measure the engines without single parts")
    parser.add_argument("--clips", type=Path, default=render.CLIPS, help="the generated set (default: %(default)s)")
    parser.add_argument(
        "--audio", type=Path, default=ROOT.parent / "shared" / "audio", help="real audio (default: %(default)s)"
    )
    parser.add_argument("--page", type=Path, default=PAGE, help="page for the tables (default: %(default)s)")
    parser.add_argument("--print", dest="write", action="store_false", help="print the tables instead of writing them")
    arguments = parser.parse_args()
    arguments.tasks = arguments.tasks or ["rhythm", "lyrics", "stems"]
    if unknown := set(arguments.tasks) - {"rhythm", "lyrics", "stems"}:
        parser.error(f"unknown task: {', '.join(unknown)}")
    return arguments


if __name__ == "__main__":
    main()
