"""Simulates days with several settings of the autoscaler, checks the chosen ones, and writes docs/scaling.md's tables.

Takes a minute or two. Run it after `make bench`, because it reads bench/results.json.
"""

import argparse

from bench.simulation import plan, trials


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.simulation", description=__doc__)
    parser.add_argument(
        "--only-tables", action="store_true", help="write the tables from the last simulation (seconds)"
    )
    if not parser.parse_args().only_tables:
        results, days = trials.simulate(trials.trials())
        plan.store(results, days)
        for service, policy in trials.CHOSEN.items():
            best = (trials.best_target(service, results), trials.best_most(service, results))
            print(f"{service}: best target and maximum {best}, chosen {(policy.target, policy.most)}")
    plan.PAGE.write_text(plan.page(plan.PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
