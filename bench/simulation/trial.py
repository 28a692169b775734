"""One setting, tried on some days; many at once, on all cores."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np

from bench.simulation import assumed
from bench.simulation.chosen import CHOSEN, DESIGN_SONGS
from bench.simulation.known import known
from bench.simulation.outcome import Outcome
from bench.simulation.policy import Policy
from bench.simulation.pool import Pool
from bench.simulation.record import Record
from bench.simulation.service import services
from bench.simulation.traffic import Floats, Traffic, day

SEEDS: Final = (1, 2, 3)


@dataclass(frozen=True)
class Trial:
    """Of one service's `policy`; what comes to it are `songs` a day, on days of `seeds`."""

    service: str
    policy: Policy
    songs: int = DESIGN_SONGS
    gpu_seconds: float = assumed.GPU_SECONDS.value
    provision: float | None = None
    seeds: tuple[int, ...] = SEEDS


def outcomes(trials: Iterable[Trial]) -> Mapping[Trial, Outcome]:
    wanted = list(dict.fromkeys(trials))
    with ProcessPoolExecutor() as pool:
        return dict(zip(wanted, pool.map(outcome, wanted, chunksize=2), strict=True))


def outcome(trial: Trial) -> Outcome:
    return Outcome.of([_record(trial, seed) for seed in trial.seeds])


def _record(trial: Trial, seed: int) -> Record:
    service = services(known(), trial.gpu_seconds)[trial.service]
    startup = service.startup if trial.provision is None else replace(service.startup, provision=trial.provision)
    at, lengths = _arrivals(trial.service, trial.songs, seed)
    return Pool(at, service.seconds(lengths), trial.policy, startup).run()


@cache
def _arrivals(service: str, songs: int, seed: int) -> tuple[Floats, Floats]:
    """When its tasks come, and how long their songs are: the separator's as they are submitted."""
    traffic = _traffic(songs, seed)
    if service == "separator":
        return traffic.at, traffic.lengths
    at, lengths = _separated(songs, seed), traffic.lengths
    if service == "beats":
        at, lengths = np.concatenate([traffic.at, at]), np.tile(lengths, 2)
    order = np.argsort(at, kind="stable")
    return at[order], lengths[order]


@cache
def _separated(songs: int, seed: int) -> Floats:
    """When the chosen separators have done each song."""
    traffic, service = _traffic(songs, seed), services(known())["separator"]
    return Pool(traffic.at, service.seconds(traffic.lengths), CHOSEN["separator"], service.startup).run().ended


@cache
def _traffic(songs: int, seed: int) -> Traffic:
    return day(songs, np.random.default_rng(seed))
