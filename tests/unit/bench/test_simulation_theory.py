"""The simulation beside what queueing theory says exactly, with the autoscaler off.

Tolerances: waits of neighbours hang together, so the deviation of a mean is taken from 20 batches, long beside the time
in which a queue forgets, and 4.5 of their standard errors are allowed: a right simulation fails fewer than one seed of
a thousand. Each seed is fixed, and the error is asserted to be small, too, so that no wrong one hides in it.
"""

from math import factorial

import numpy as np
import pytest

from bench.simulation.pool import Pool
from bench.simulation.traffic import Floats

TASKS, BATCHES, SERVICE_SECONDS = 60_000, 20, 1.0


def waits(load: float, workers: int, service: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Their mean, and its standard error, once the first tenth is left out."""
    at = np.cumsum(rng.exponential(SERVICE_SECONDS / (load * workers), len(service)))
    kept = Pool(at, service, fixed=workers).run().waits[len(service) // 10 :]
    means = [batch.mean() for batch in np.array_split(kept, BATCHES)]
    return float(kept.mean()), float(np.std(means, ddof=1) / np.sqrt(BATCHES))


def erlang_c(load: float, workers: int) -> float:
    """How likely one must wait (Erlang, 1917)."""
    offered = load * workers
    all_busy = offered**workers / factorial(workers) / (1 - load)
    return all_busy / (sum(offered**k / factorial(k) for k in range(workers)) + all_busy)


@pytest.mark.parametrize(("load", "workers"), [(0.5, 1), (0.8, 1), (0.7, 3), (0.8, 8)])
def test_random_tasks_wait_as_long_as_erlang_says(load: float, workers: int) -> None:
    rng = np.random.default_rng(7)
    mean, error = waits(load, workers, rng.exponential(SERVICE_SECONDS, TASKS), rng)
    theory = erlang_c(load, workers) * SERVICE_SECONDS / (workers * (1 - load))
    assert error < 0.08 * theory
    assert mean == pytest.approx(theory, abs=4.5 * error)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_equal_tasks_wait_half_as_long(load: float) -> None:
    rng = np.random.default_rng(8)
    mean, error = waits(load, 1, np.full(TASKS, SERVICE_SECONDS), rng)
    theory = load * SERVICE_SECONDS / (2 * (1 - load))  # Pollaczek and Khinchine
    assert error < 0.08 * theory
    assert mean == pytest.approx(theory, abs=4.5 * error)


def test_as_many_wait_as_little_s_law_says() -> None:
    rng = np.random.default_rng(9)
    at = np.cumsum(rng.exponential(1 / 2.4, 20_000))
    record = Pool(at, rng.exponential(SERVICE_SECONDS, len(at)), fixed=3).run()
    edges = np.sort(np.concatenate([at, record.started]))
    waiting = np.searchsorted(at, edges[:-1], "right") - np.searchsorted(np.sort(record.started), edges[:-1], "right")
    seconds = edges[-1] - edges[0]
    assert np.sum(waiting * np.diff(edges)) / seconds == pytest.approx(len(at) / seconds * record.waits.mean())
