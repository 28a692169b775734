"""Measures speed and memory beside what others do with the same machine, and writes bench/README.md.

Every figure has a broker and a database of its own, so none finds what another has left.
"""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic

from rich.console import Console

from bench import page
from bench.bench import Bench
from bench.figures import FIGURES
from bench.machine import load
from bench.results import Results
from deploy.local.backing import backing
from deploy.local.child import StartError

HERE = Path(__file__).parent


def main() -> None:
    arguments = _arguments()
    results = Results(HERE / "results.json")
    for name in arguments.figures if not arguments.only_page else ():
        _measure(name, arguments.runs, results)
    page.write(HERE, FIGURES, results.figures)
    goals = [goal for name in results.figures for goal in FIGURES[name].goals(results.figures[name]["measured"])]
    _say(f"{sum(goal.met for goal in goals)} of {len(goals)} goals met: {HERE / 'README.md'}")


def _measure(name: str, runs: int, results: Results) -> None:
    began, before = monotonic(), load()
    _say(f"{name}: {FIGURES[name].TITLE}")
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder, backing(Path(folder, "backing"), {}) as urls:
        own = Path(folder, "figure")
        own.mkdir()
        bench = Bench(urls["AMQP_URL"], urls["MONGO_URL"], own, runs, lambda text: _say(f"  {text}"))
        measured = FIGURES[name].measure(bench)
    results.keep(name, measured, runs=runs, took_seconds=monotonic() - began, load_before=before)


def _say(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"{', '.join(FIGURES)} (default: all)")
    parser.add_argument("--runs", type=int, default=5, help="how often each side is repeated (default: %(default)s)")
    parser.add_argument("--only-page", action="store_true", help="write the page anew, of what was measured before")
    arguments = parser.parse_args()
    if unknown := set(arguments.figures) - set(FIGURES):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    arguments.figures = arguments.figures or list(FIGURES)
    return arguments


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # unwinds, so that no server stays behind
    try:
        main()
    except StartError as error:
        sys.exit(f"cannot start: {error}")
