"""Simulated days with the settings in `deploy/k8s/components/keda` and with others, and the choice between them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any, Final

import numpy as np

from bench.simulation.autoscaler import Policy
from bench.simulation.inputs import STEMS, Inputs, described, inputs
from bench.simulation.pool import Pool, Startup
from bench.simulation.traffic import Floats, day

DESIGN_SONGS: Final = 10_000
"""Songs a day that the maxima are chosen for. They grow in proportion with more songs."""

CHOSEN: Final = {
    "separator": Policy(target=3, least=0, most=24),
    "transcriber": Policy(target=1.5, least=0, most=60),
    "beats": Policy(target=5, least=1, most=12),
}
"""Settings in `deploy/k8s/components/keda`; a test compares them."""

WAIT_SECONDS: Final = {"separator": 60, "transcriber": 120, "beats": 60}
"""Time within which 95 % of the tasks must start at DESIGN_SONGS."""

LITTLE_GAIN: Final = 1 / 8
"""A maximum is great enough if the next greater one shortens the 95th percentile by less than this."""

TRIED: Final[Mapping[str, Mapping[str, Sequence[Any]]]] = {
    "separator": {"target": (2, 3, 4, 5), "most": (8, 12, 16, 24, 32), "window": (60, 300, 900)},
    "transcriber": {"target": (1, 1.5, 2, 3), "most": (30, 40, 60, 80), "window": (60, 300, 900)},
    "beats": {"target": (2, 3, 5, 10), "most": (6, 9, 12, 18), "window": (60, 300, 900)},
}
FEW_SONGS: Final = 50
"""Songs a day at which it matters to scale to zero."""

GPU: Final = "gpu_separation"
"""The assumption that matters most."""

PLANNED: Final = (10_000, 100_000)
"""Songs a day for which all services are simulated together."""

Result = Mapping[str, Any]
"""A trial: `service`, `songs`, `setting` and its `value`, waits `p50`, `p95` and `p99`, `node_hours`, `replicas`."""


@dataclass(frozen=True)
class Trial:
    """One service's `policy`; `setting` has another value than the chosen policy and inputs."""

    service: str
    setting: str
    value: float
    policy: Policy
    songs: int = DESIGN_SONGS


def trials() -> Iterator[Trial]:
    for service, settings in TRIED.items():
        for setting, values in settings.items():
            for value in values:
                yield Trial(service, setting, value, replace(CHOSEN[service], **{setting: value}))
    for service in ("separator", "transcriber"):
        for least in (0, 1):
            yield Trial(service, "least", least, replace(CHOSEN[service], least=least), FEW_SONGS)
    (gpu,) = (one for one in described("assumed") if one["name"] == GPU)
    for bound in ("low", "high"):
        yield Trial("separator", GPU, float(gpu[bound]), CHOSEN["separator"])


def simulate(tried: Iterable[Trial]) -> tuple[list[Result], dict[str, Any]]:
    """Run on all cores. Return the results of the trials, and by songs a day what all services did with CHOSEN."""
    with ProcessPoolExecutor() as processes:
        days = processes.map(_whole_day, reversed(PLANNED))
        results = list(processes.map(_result, tried))
        return results, dict(zip(map(str, reversed(PLANNED)), days, strict=True))


def best_target(service: str, results: Sequence[Result]) -> float:
    """Return the cheapest target with which 95 % of the tasks start in time."""
    in_time = [one for one in _of(service, "target", results) if one["p95"] <= WAIT_SECONDS[service]]
    return float(min(in_time, key=lambda one: one["node_hours"])["value"])


def best_most(service: str, results: Sequence[Result]) -> int:
    """Return the smallest maximum that is great enough, see LITTLE_GAIN."""
    tried = _of(service, "most", results)
    return next(int(one["value"]) for one, more in pairwise(tried) if more["p95"] > (1 - LITTLE_GAIN) * one["p95"])


def task_seconds(values: Inputs) -> Mapping[str, float]:
    """Return the seconds per second of audio of each service's task, transfers included."""
    song, stem = (values[name] / values["storage_rate"] for name in ("song_bytes", "wav_bytes"))
    return {
        "separator": values[GPU] + song + STEMS * stem,
        "transcriber": values["transcription"] + 2 * stem,
        "beats": values["beat_analysis"] + song,
    }


def _of(service: str, setting: str, results: Sequence[Result]) -> list[Result]:
    return [one for one in results if (one["service"], one["setting"]) == (service, setting)]


def _seeds(songs: int) -> tuple[int, ...]:
    return (1, 2, 3) if songs <= DESIGN_SONGS else (1,)


def _result(trial: Trial) -> Result:
    values = inputs()
    if trial.setting in values:
        values = {**values, trial.setting: trial.value}
    pools = [
        _run(trial.service, trial.policy, *_arrivals(trial.service, trial.songs, seed), values)
        for seed in _seeds(trial.songs)
    ]
    waits = np.concatenate([pool.started - pool.at for pool in pools])
    p50, p95, p99 = (round(float(seconds), 1) for seconds in np.percentile(waits, (50, 95, 99)))
    return {
        "service": trial.service, "songs": trial.songs, "setting": trial.setting, "value": trial.value,
        "p50": p50, "p95": p95, "p99": p99, **_cost(pools),
    }  # fmt: skip


def _whole_day(songs: int) -> Mapping[str, Any]:
    pools: dict[str, list[Pool]] = {service: [] for service in CHOSEN}
    job_seconds: list[Floats] = []
    for seed in _seeds(songs):
        at, _ = _songs(songs, seed)
        for service in CHOSEN:
            pools[service].append(_chosen(service, songs, seed))
        first_beats = pools["beats"][-1].ended[: len(at)]  # the second pass, with the drums, is not waited for
        job_seconds.append(np.maximum(pools["transcriber"][-1].ended, first_beats) - at)
    mean = round(float(np.concatenate(job_seconds).mean()), 1)
    return {"job_seconds": mean, **{service: _cost(some) for service, some in pools.items()}}


def _cost(pools: Sequence[Pool]) -> dict[str, float]:
    hours = float(sum(pool.paid_seconds for pool in pools)) / 3600 / len(pools)
    return {"node_hours": round(hours, 1), "replicas": max(pool.most_replicas for pool in pools)}


@cache
def _songs(songs: int, seed: int) -> tuple[Floats, Floats]:
    return day(songs, np.random.default_rng(seed))


def _arrivals(service: str, songs: int, seed: int) -> tuple[Floats, Floats]:
    """Return when the tasks of a service arrive, and the lengths of their songs."""
    at, lengths = _songs(songs, seed)
    if service == "separator":
        return at, lengths
    separated = _chosen("separator", songs, seed).ended
    if service == "transcriber":
        return separated, lengths
    return np.concatenate([at, separated]), np.tile(lengths, 2)  # beats are analysed again with the separated drums


@cache
def _chosen(service: str, songs: int, seed: int) -> Pool:
    policy = CHOSEN[service]
    most = policy.most * max(1, songs // DESIGN_SONGS)
    return _run(service, replace(policy, most=most), *_arrivals(service, songs, seed), inputs())


def _run(service: str, policy: Policy, at: Floats, lengths: Floats, values: Inputs) -> Pool:
    """Return a pool whose times are in the order of the arguments."""
    gpu = service == "separator"
    node = values["gpu_node"] + values["image_pull"] if gpu else values["cpu_node"] + values["image_pull"] / 3
    startup = Startup(node, values["model_load"], values["node_linger"])
    seconds = values["task_overhead"] + task_seconds(values)[service] * lengths
    order = np.argsort(at, kind="stable")
    pool = Pool(at[order], seconds[order], policy, startup).run()
    back = np.argsort(order)
    pool.at, pool.started, pool.ended = pool.at[back], pool.started[back], pool.ended[back]
    return pool
