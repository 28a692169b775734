"""Measures speed and memory compared to other programs on this machine, and writes bench/README.md.

Each figure has its own broker and database, so that no figure is affected by an earlier one.
"""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic

from rich.console import Console

from bench import report
from bench.figure import Bench
from bench.figures import FIGURES
from deploy.local.backing import backing
from deploy.local.child import StartError

HERE = Path(__file__).parent


def main() -> None:
    arguments = _arguments()
    results = report.Results(HERE / "results.json")
    for name in arguments.figures if not arguments.only_page else ():
        _measure(name, arguments.runs, results)
    report.write(HERE, FIGURES, results.figures)
    goals = [goal for name in results.figures for goal in FIGURES[name].goals(results.figures[name]["measured"])]
    _log(f"{sum(goal.met for goal in goals)} of {len(goals)} goals met: {HERE / 'README.md'}")


def _measure(name: str, runs: int, results: report.Results) -> None:
    began, load_before = monotonic(), report.load()
    _log(f"{name}: {FIGURES[name].TITLE}")
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder, backing(Path(folder, "backing"), {}) as urls:
        own = Path(folder, "figure")
        own.mkdir()
        bench = Bench(urls["AMQP_URL"], urls["MONGO_URL"], own, runs, lambda text: _log(f"  {text}"))
        measured = FIGURES[name].measure(bench)
    results.store(name, measured, runs=runs, took_seconds=monotonic() - began, load_before=load_before)


def _log(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"{', '.join(FIGURES)} (default: all)")
    parser.add_argument("--runs", type=int, default=5, help="repetitions of each measurement (default: %(default)s)")
    parser.add_argument("--only-page", action="store_true", help="write the page from the last results")
    arguments = parser.parse_args()
    if unknown := set(arguments.figures) - set(FIGURES):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    arguments.figures = arguments.figures or list(FIGURES)
    return arguments


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # raises KeyboardInterrupt, so that servers are stopped
    try:
        main()
    except StartError as error:
        sys.exit(f"cannot start: {error}")
