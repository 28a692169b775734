"""Days of all services together, with the settings that were chosen."""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.simulation.chosen import CHOSEN
from bench.simulation.day import Day, simulate
from bench.simulation.known import known
from bench.simulation.outcome import Outcome
from bench.simulation.service import services
from bench.simulation.sweep import scaled
from bench.simulation.traffic import Floats, day
from bench.simulation.trial import SEEDS

SONGS: Final = (50, 300, 1_000, 10_000, 100_000)
PERCENTS: Final = (50, 95, 99)


@dataclass(frozen=True)
class Whole:
    """Seconds, by percent: `wait` from queued until the separation starts, `job` from submitted to completed."""

    songs: int
    wait: Mapping[int, float]
    job: Mapping[int, float]
    job_mean: float
    pools: Mapping[str, Outcome]


def one_day(songs: int, seed: int) -> Day:
    policies = {name: scaled(policy, songs) for name, policy in CHOSEN.items()}
    return simulate(day(songs, np.random.default_rng(seed)), services(known()), policies)


def wholes() -> Mapping[int, Whole]:
    """By songs a day."""
    with ProcessPoolExecutor() as pool:
        return dict(zip(SONGS, pool.map(_whole, SONGS), strict=True))


def _whole(songs: int) -> Whole:
    days = [one_day(songs, seed) for seed in (SEEDS if songs <= 10_000 else SEEDS[:1])]
    jobs = np.concatenate([one.job_seconds for one in days])
    return Whole(
        songs,
        _percentiles(np.concatenate([one.waits for one in days])),
        _percentiles(jobs),
        round(float(jobs.mean()), 1),
        {name: Outcome.of([one.records[name] for one in days]) for name in CHOSEN},
    )


def _percentiles(seconds: Floats) -> dict[int, float]:
    return {percent: round(float(np.percentile(seconds, percent)), 1) for percent in PERCENTS}
