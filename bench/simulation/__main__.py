"""Simulates days of traffic with many settings of the autoscaler, and reckons what so many songs a day need.

Writes bench/simulation/README.md with its plots and summary.json, and the tables of docs/scaling.md. Both are made of
bench/results.json, where that is there: run it after `make bench`.
"""

import argparse
from pathlib import Path
from time import monotonic

from bench.simulation import page, plots, scaling, summary, sweep, trial, whole
from bench.simulation.chosen import DESIGN_SONGS

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.simulation", description=__doc__)
    parser.add_argument(
        "--only-plan", action="store_true", help="write docs/scaling.md anew, of what was simulated before (seconds)"
    )
    if not parser.parse_args().only_plan:
        _simulate()
    scaling.write()


def _simulate() -> None:
    began = monotonic()
    wholes = whole.wholes()
    found = trial.outcomes(sweep.trials())
    summary.write(found, wholes)
    page.write(found, wholes)
    plots.day(HERE / "day.svg", whole.one_day(DESIGN_SONGS, trial.SEEDS[0]))
    plots.targets(HERE / "targets.svg", found)
    print(f"{len(found)} settings on {len(trial.SEEDS)} days each, in {monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
