"""`bench/simulation/README.md`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from bench.marks import filled
from bench.simulation import sweep
from bench.simulation.chosen import CHOSEN, WAIT_SECONDS
from bench.simulation.known import known
from bench.simulation.outcome import Outcome
from bench.simulation.service import services
from bench.simulation.sweep import preferred
from bench.simulation.traffic import LONGEST_SECONDS
from bench.simulation.trial import Trial
from bench.simulation.whole import Whole
from bench.tables import table

PAGE: Final = Path(__file__).parent / "README.md"
NOTHING: Final = "-"
WAITS: Final = ("wait p50", "p95", "p99")


def write(found: Mapping[Trial, Outcome], wholes: Mapping[int, Whole]) -> None:
    parts = {
        "chosen": _chosen(found),
        "days": _days(wholes),
        **{f"targets of {service}": _targets(service, found) for service in CHOSEN},
        **{f"most of {service}": _one("maximum", sweep.mosts(service), "most", found) for service in CHOSEN},
        "polling": _one("polling, s", sweep.pollings(), "polling", found),
        "least": _leasts(found),
        "drains": _drains(wholes),
        "steps": _steps(found),
        "doubts": _doubts(found),
    }
    PAGE.write_text(filled(PAGE.read_text("utf-8"), parts), "utf-8")


def _chosen(found: Mapping[Trial, Outcome]) -> str:
    rows = []
    for service, policy in CHOSEN.items():
        best = preferred(service, found, sweep.targets(service))
        rows.append(
            (
                service,
                *(f"{value:g}" for value in (policy.target, policy.polling, policy.cooldown, policy.stabilization)),
                *(str(policy.least), str(policy.most), f"{WAIT_SECONDS[service]} s"),
                *_cells(found[Trial(service, policy)]),
                f"{best.policy.target:g}, {best.policy.cooldown:g} s: {found[best].node_hours:.0f}",
            )
        )
    head = ("", "target", "polling", "cooldown", "stabilization", "least", "most", "p95 at most", *WAITS)
    return table((*head, "node hours", "used", "cheapest within"), rows)


def _days(wholes: Mapping[int, Whole]) -> str:
    rows = [
        (
            f"{songs:,}",
            *(_seconds(seconds) for seconds in whole.wait.values()),
            *(_seconds(seconds) for seconds in whole.job.values()),
            *(f"{whole.pools[name].most_replicas}" for name in CHOSEN),
            *(f"{whole.pools[name].node_hours:.0f}" for name in CHOSEN),
            f"{100 * whole.pools['separator'].utilisation:.0f} %",
        )
        for songs, whole in wholes.items()
    ]
    each = [f"{what} {name}" for what in ("most", "hours") for name in CHOSEN]
    return table(("songs a day", *WAITS, "job p50", "p95", "p99", *each, "GPU used"), rows)


def _drains(wholes: Mapping[int, Whole]) -> str:
    longest = np.array([LONGEST_SECONDS], float)
    rows = [
        (
            name,
            _seconds(max(whole.pools[name].longest_drain for whole in wholes.values())),
            _seconds(float(service.seconds(longest).item())),
        )
        for name, service in services(known()).items()
    ]
    alone = ("separator without a GPU", NOTHING, _seconds(LONGEST_SECONDS * known().value("separation")))
    return table(("", "longest drain seen", "a song of 20 minutes"), [*rows, alone])


def _targets(service: str, found: Mapping[Trial, Outcome]) -> str:
    rows = [
        (f"{trial.policy.target:g}", f"{trial.policy.cooldown:g} s", *_cells(found[trial], bold=_is_chosen(trial)))
        for trial in sweep.targets(service)
    ]
    return table(("target", "window", *WAITS, "node hours", "used"), rows)


def _one(head: str, trials: Iterable[Trial], field: str, found: Mapping[Trial, Outcome]) -> str:
    rows = [(f"{getattr(trial.policy, field):g}", *_cells(found[trial], bold=_is_chosen(trial))) for trial in trials]
    return table((head, *WAITS, "node hours", "used"), rows)


def _leasts(found: Mapping[Trial, Outcome]) -> str:
    rows = [
        (service, f"{trial.songs}", f"{trial.policy.least}", *_cells(found[trial], bold=_is_chosen(trial)))
        for service in ("separator", "transcriber")
        for trial in sweep.leasts(service)
    ]
    return table(("", "songs a day", "least", *WAITS, "node hours", "used"), rows)


def _steps(found: Mapping[Trial, Outcome]) -> str:
    names = {step: name for name, step in sweep.STEPS.items()}
    rows = [
        (f"{trial.songs:,}", names[trial.policy.down], *_cells(found[trial], bold=_is_chosen(trial)))
        for trial in sweep.steps()
    ]
    return table(("songs a day", "down by", *WAITS, "node hours", "used"), rows, left=2)


def _doubts(found: Mapping[Trial, Outcome]) -> str:
    rows = [
        (f"{trial.gpu_seconds:g}", f"{trial.provision:g}", *_cells(found[trial]), f"{found[trial].most_replicas}")
        for trial in sweep.doubts()
    ]
    return table(("GPU, s for 1 s", "node, s", *WAITS, "node hours", "used", "most at once"), rows)


def _is_chosen(trial: Trial) -> bool:
    return (
        replace(trial.policy, most=0) == replace(CHOSEN[trial.service], most=0)
        and trial.policy.most % CHOSEN[trial.service].most == 0
    )


def _cells(outcome: Outcome, *, bold: bool = False) -> Sequence[str]:
    cells = (
        *(_seconds(seconds) for seconds in (outcome.p50, outcome.p95, outcome.p99)),
        f"{outcome.node_hours:.1f}",
        f"{100 * outcome.utilisation:.0f} %",
    )
    return [f"**{cell}**" for cell in cells] if bold else cells


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s"
