"""A day, and what the settings give, as pictures."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Picture

from bench.simulation.chosen import CHOSEN, DESIGN_SONGS, WAIT_SECONDS
from bench.simulation.day import Day
from bench.simulation.outcome import Outcome
from bench.simulation.policy import SYNC_SECONDS
from bench.simulation.sweep import TARGETS, WINDOWS
from bench.simulation.traffic import Floats
from bench.simulation.trial import Trial

STEP_MINUTES: Final = 10
SYNCS: Final = round(300 / SYNC_SECONDS)
HOURS: Final = np.arange(0, 24 + STEP_MINUTES / 60, STEP_MINUTES / 60)

# The same figures give the same file again.
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "bench",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def day(path: Path, one: Day) -> None:
    """Arrivals, and for the separator and the transcriber what waits and how many there are."""
    with mpl.rc_context(STYLE):
        picture = Picture(figsize=(7, 5), layout="constrained")
        coming, *pools = picture.subplots(3, 1, sharex=True)
        coming.hist(one.traffic.at / 3600, HOURS, histtype="stepfilled", color="0.7")
        coming.set(ylabel=f"songs in {STEP_MINUTES} min", title=f"A day of {DESIGN_SONGS:,} songs")
        for axes, name in zip(pools, ("separator", "transcriber"), strict=True):
            at, waiting, _, replicas = _most(np.array(one.records[name].timeline)).T
            axes.fill_between(at / 3600, waiting, step="post", color="tab:orange", alpha=0.6, label="tasks that wait")
            axes.step(at / 3600, replicas, where="post", color="tab:blue", label="replicas")
            axes.set(ylabel=name)
        pools[0].legend()
        pools[-1].set(xlabel="hour of the day", xlim=(0, 24), xticks=range(0, 25, 3))
        picture.savefig(path, metadata={"Date": None})


def _most(timeline: Floats) -> Floats:
    """Of each of the timeline's columns in every five minutes."""
    whole = timeline[: len(timeline) // SYNCS * SYNCS]
    return np.asarray(whole.reshape(-1, SYNCS, timeline.shape[1]).max(axis=1), float)


def targets(path: Path, found: Mapping[Trial, Outcome]) -> None:
    """The separator's waits beside what they cost, for each target and window."""
    with mpl.rc_context(STYLE):
        picture = Picture(figsize=(7, 3.2), layout="constrained")
        waits, costs = picture.subplots(1, 2, sharex=True)
        policy = CHOSEN["separator"]
        for seconds in WINDOWS["separator"]:
            tried = [
                found[Trial("separator", replace(policy, target=target, cooldown=seconds, stabilization=seconds))]
                for target in TARGETS["separator"]
            ]
            (line,) = waits.plot(TARGETS["separator"], [one.p95 for one in tried], "o-", ms=3, label=f"{seconds} s")
            waits.plot(TARGETS["separator"], [one.p50 for one in tried], ":", color=line.get_color())
            costs.plot(TARGETS["separator"], [one.node_hours for one in tried], "o-", ms=3)
        waits.axhline(WAIT_SECONDS["separator"], color="0.6", lw=0.8)
        waits.set(xlabel="target: songs a replica", ylabel="wait in s: p95, dotted p50", ylim=(0, None))
        waits.legend(title="window")
        costs.set(xlabel="target: songs a replica", ylabel="GPU hours a day", ylim=(0, None))
        picture.savefig(path, metadata={"Date": None})
