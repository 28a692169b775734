"""`summary.json`: what the plan and the tests need of the simulation, so that they need not run it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.simulation.chosen import CHOSEN
from bench.simulation.known import known
from bench.simulation.outcome import Outcome
from bench.simulation.sweep import preferred, targets
from bench.simulation.trial import Trial
from bench.simulation.whole import Whole

SUMMARY: Final = Path(__file__).parent / "summary.json"

Summary = Mapping[str, Any]


def write(found: Mapping[Trial, Outcome], wholes: Mapping[int, Whole]) -> None:
    summary = {
        "known": known().values(),
        "days": {str(songs): asdict(whole) for songs, whole in wholes.items()},
        "chosen": {service: _with_policy(Trial(service, policy), found) for service, policy in CHOSEN.items()},
        "cheapest": {service: _with_policy(preferred(service, found, targets(service)), found) for service in CHOSEN},
    }
    SUMMARY.write_text(json.dumps(summary, indent=1) + "\n", "utf-8")


def read() -> Summary:
    summary: dict[str, Any] = json.loads(SUMMARY.read_text("utf-8"))
    return summary


def _with_policy(trial: Trial, found: Mapping[Trial, Outcome]) -> dict[str, Any]:
    return {"policy": asdict(trial.policy), "outcome": asdict(found[trial])}
