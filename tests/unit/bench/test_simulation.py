"""The simulated autoscaler and pool, the chosen settings, and the page that reports them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.simulation import plan, trials
from bench.simulation.autoscaler import POLLING_SECONDS, Autoscaler, Policy
from bench.simulation.inputs import PRICES, described, inputs
from bench.simulation.pool import Nodes, Pool, Startup
from bench.simulation.traffic import DAY_SECONDS, HOURLY, LONGEST_SECONDS, PEAK, SHORTEST_SECONDS, day
from tests.conftest import ROOT

KEDA = ROOT / "deploy" / "k8s" / "components" / "keda"
SLOW = Startup(new_node=240, container=30, linger=600)
RUN = "run `python -m bench.simulation`"


def test_a_load_within_the_tolerance_changes_nothing() -> None:
    scaler = Autoscaler(Policy(target=10, least=0, most=20, window=0))
    assert scaler.desired(0, messages=109, replicas=10) == 10
    assert scaler.desired(15, messages=112, replicas=10) == 12


def test_replicas_fall_to_the_greatest_number_wanted_within_the_window() -> None:
    scaler = Autoscaler(Policy(target=1, least=0, most=20))
    assert scaler.desired(0, messages=8, replicas=8) == 8
    assert scaler.desired(300, messages=2, replicas=8) == 8
    assert scaler.desired(315, messages=2, replicas=8) == 2


def test_only_keda_scales_to_and_from_zero() -> None:
    scaler = Autoscaler(Policy(target=1, least=0, most=20))
    assert scaler.desired(0, messages=50, replicas=0) == 0
    assert scaler.activated(0, messages=3, replicas=0) == 1
    assert scaler.activated(299, messages=0, replicas=4) == 4
    assert scaler.activated(300, messages=0, replicas=4) == 0
    assert Autoscaler(Policy(target=1, least=1, most=20)).activated(10_000, messages=0, replicas=1) == 1


@settings(max_examples=10)
@given(
    seed=st.integers(0, 10_000),
    target=st.sampled_from([1, 1.5, 3, 10]),
    window=st.sampled_from([0, 60, 900]),
    least=st.integers(0, 2),
    most=st.integers(2, 12),
)
def test_no_task_is_lost_or_interrupted(seed: int, target: float, window: float, least: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    at, seconds = np.sort(rng.uniform(0, 7200, 300)), rng.exponential(20, 300)
    pool = Pool(at, seconds, Policy(target, least, most, window), SLOW).run()
    assert np.all(pool.started >= at)
    assert pool.ended - pool.started == pytest.approx(seconds)
    assert least <= pool.most_replicas <= most
    assert pool.paid_seconds > seconds.sum()


def test_a_first_task_waits_for_a_node_and_a_later_one_for_a_container() -> None:
    at = np.array([1000.0, 1700.0, 9000.0])
    pool = Pool(at, np.full(3, 10.0), Policy(target=1, least=0, most=20, window=60), SLOW).run()
    assert pool.started - at == pytest.approx([270, 30, 270], abs=15)


def test_a_node_is_paid_for_until_it_has_been_empty_for_a_while() -> None:
    nodes = Nodes(SLOW)
    node, ready_in = nodes.take(100)
    assert ready_in == 270
    nodes.give_back(node, 500)
    assert nodes.take(1000) == (node, 30)
    nodes.give_back(node, 1100)
    assert nodes.paid_seconds(5000) == 1100 + 600 - 100


def test_a_day_has_its_songs_in_the_evening() -> None:
    days = [day(10_000, np.random.default_rng(seed)) for seed in range(30)]
    counts = np.array([len(at) for at, _ in days])
    standard_error = counts.std(ddof=1) / np.sqrt(len(counts))  # bursts differ from day to day
    assert counts.mean() == pytest.approx(10_000, abs=4 * standard_error)
    by_hour = np.histogram(np.concatenate([at for at, _ in days]), 24, (0, DAY_SECONDS))[0]
    assert int(by_hour.argmax()) == HOURLY.index(max(HOURLY))
    assert by_hour.max() / by_hour.mean() == pytest.approx(PEAK, rel=0.1)
    lengths = np.concatenate([lengths for _, lengths in days])
    assert SHORTEST_SECONDS <= lengths.min() <= lengths.max() <= LONGEST_SECONDS
    assert np.median(lengths) == pytest.approx(210, rel=0.01)


def test_the_stored_simulation_used_the_current_inputs() -> None:
    assert plan.simulated()["inputs"] == inputs(), RUN
    assert {one["name"] for one in (*described("measured"), *described("assumed"))} == set(inputs())


@pytest.mark.parametrize("service", trials.CHOSEN)
def test_the_chosen_settings_are_the_best_of_those_tried(service: str) -> None:
    results, policy = plan.simulated()["trials"], trials.CHOSEN[service]
    assert (policy.target, policy.most) == (trials.best_target(service, results), trials.best_most(service, results))


@pytest.mark.parametrize("service", trials.CHOSEN)
def test_keda_has_the_chosen_settings(service: str) -> None:
    objects = [o for file in sorted(KEDA.glob("*.yaml")) for o in yaml.safe_load_all(file.read_text()) if o]
    scaled = {o["metadata"]["name"]: o["spec"] for o in objects if o.get("kind") == "ScaledObject"}
    spec = {**scaled["every-service"], **scaled[service]}  # the first is a patch of all of them
    behavior: Mapping[str, Any] = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    (trigger,) = spec["triggers"]
    policy = trials.CHOSEN[service]
    assert trigger["metadata"]["protocol"] == "http"  # only the management API counts tasks in progress, too
    assert float(trigger["metadata"]["value"]) == policy.target
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (policy.least, policy.most)
    assert spec["pollingInterval"] == POLLING_SECONDS
    assert spec.get("cooldownPeriod", 300) == policy.window  # 300 is KEDA's default
    assert behavior == {"scaleDown": {"stabilizationWindowSeconds": policy.window}}  # the steps are the HPA's own


def test_the_page_has_the_tables_that_the_program_writes() -> None:
    text = plan.PAGE.read_text("utf-8")
    assert plan.page(text) == text, RUN


def test_the_cost_of_a_song_falls_only_for_shared_parts() -> None:
    def dollars(songs: int) -> Mapping[str, float]:
        pools = {name: {"node_hours": songs / 100, "replicas": songs / 1000} for name in trials.CHOSEN}
        return plan.plan(songs, inputs(), {"job_seconds": 100, **pools})[0]

    small, large = dollars(10_000), dollars(100_000)
    assert small["G"] == pytest.approx(PRICES["G"][2] / 100)
    assert {name: large[name] for name in "GSE"} == pytest.approx({name: small[name] for name in "GSE"})
    assert large["C"] < small["C"]


def test_limits_are_sorted_and_depend_on_the_polls() -> None:
    limits = plan.limits(inputs(), job_seconds=120)
    assert [songs for songs, *_ in limits] == sorted(songs for songs, *_ in limits)
    assert plan.limits(inputs(), job_seconds=1200) != limits
