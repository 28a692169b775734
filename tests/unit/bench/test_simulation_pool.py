"""A pool that scales: nothing is lost, nothing is interrupted, and what is paid adds up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.simulation.nodes import Nodes, Startup
from bench.simulation.policy import Policy, Step
from bench.simulation.pool import Pool
from bench.simulation.traffic import DAY_SECONDS, day

SLOW = Startup(provision=180, pull=60, load=30, linger=600)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    target=st.sampled_from([1, 1.5, 3, 10]),
    window=st.sampled_from([0, 60, 900]),
    least=st.integers(0, 2),
    most=st.integers(2, 12),
)
def test_no_task_is_lost_or_interrupted_however_it_scales(
    seed: int, target: float, window: float, least: int, most: int
) -> None:
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(0, 7200, 300))
    seconds = rng.exponential(20, 300)
    policy = Policy(target, polling=15, cooldown=window, stabilization=window, least=least, most=most)
    record = Pool(at, seconds, policy, SLOW).run()
    assert np.all(record.started >= record.at)
    assert record.ended - record.started == pytest.approx(seconds)
    assert least <= min(replicas for *_, replicas in record.timeline)
    assert record.most_replicas <= most
    assert record.paid_seconds > seconds.sum()


def test_a_worker_that_is_told_to_stop_ends_its_task_first() -> None:
    """Two tasks have two pods; once the first one is done, one pod is enough, and the youngest is busy."""
    at, seconds = np.array([0.0, 0.0]), np.array([100.0, 3000.0])
    eager = Policy(target=1, polling=15, cooldown=0, stabilization=0, least=0, most=5)
    record = Pool(at, seconds, eager, Startup(0, 0, 0, 0)).run()
    assert record.ended == pytest.approx(record.started + seconds)
    assert record.longest_drain > 2000


def test_no_more_work_at_once_than_there_are_machines() -> None:
    traffic = day(2000, np.random.default_rng(3))
    record = Pool(traffic.at, traffic.lengths / 10, Policy(most=4), SLOW).run()
    at_work = [np.sum((record.started <= at) & (at < record.ended)) for at in np.linspace(0, DAY_SECONDS, 2000)]
    assert max(at_work) <= 4 + 2  # two may be draining when four others are there


def test_at_zero_the_first_song_waits_for_a_machine_and_the_second_for_a_container() -> None:
    at = np.array([1000.0, 1700.0, 9000.0])
    policy = Policy(target=1, polling=15, cooldown=60, stabilization=60, least=0)
    record = Pool(at, np.full(3, 10.0), policy, SLOW).run()
    assert record.waits == pytest.approx([270, 30, 270], abs=15)
    assert record.nodes_made == 2


def test_a_node_is_paid_from_the_asking_until_it_has_lingered() -> None:
    nodes = Nodes(SLOW)
    first, starts = nodes.take(100)
    assert starts == 270
    nodes.give_back(first, 500)
    again, starts = nodes.take(1000)
    assert (again, starts) == (first, 30)
    nodes.give_back(again, 1100)
    assert nodes.paid_seconds(5000) == 1100 + 600 - 100


def test_pods_come_as_fast_as_the_step_allows() -> None:
    at, seconds = np.zeros(200), np.full(200, 600.0)
    slow = Policy(target=1, least=1, most=100, up=Step(pods=2, percent=100, period=30))
    record = Pool(at, seconds, slow, Startup(0, 0, 0, 0)).run()
    replicas = {at: pods for at, _, _, pods in record.timeline if at <= 90}
    assert [replicas[at] for at in (0, 15, 30, 45, 60, 75, 90)] == [3, 3, 6, 6, 12, 12, 24]
