"""The decisions of KEDA and of the HPA, one by one."""

from bench.simulation.autoscaler import Autoscaler
from bench.simulation.policy import Policy, Step


def test_what_is_near_its_target_is_left_alone() -> None:
    scaler = Autoscaler(Policy(target=10, stabilization=0))
    assert scaler.wanted(0, messages=109, replicas=10) == 10
    assert scaler.wanted(15, messages=112, replicas=10) == 12


def test_fewer_are_wanted_only_when_fewer_would_have_done_for_the_whole_window() -> None:
    scaler = Autoscaler(Policy(target=1, stabilization=300))
    assert scaler.wanted(0, messages=8, replicas=8) == 8
    assert scaler.wanted(300, messages=2, replicas=8) == 8
    assert scaler.wanted(315, messages=2, replicas=8) == 2


def test_an_hpa_never_goes_to_zero_and_never_leaves_it() -> None:
    scaler = Autoscaler(Policy(target=1, stabilization=0))
    assert scaler.wanted(0, messages=0, replicas=5) == 1
    assert scaler.wanted(15, messages=50, replicas=0) == 0


def test_keda_goes_to_zero_once_nothing_has_been_there_for_the_cooldown() -> None:
    scaler = Autoscaler(Policy(cooldown=300))
    assert scaler.active(0, messages=3, replicas=0) == 1
    assert scaler.active(299, messages=0, replicas=4) == 4
    assert scaler.active(300, messages=0, replicas=4) == 0


def test_a_least_of_one_is_kept_when_nothing_comes() -> None:
    assert Autoscaler(Policy(cooldown=0, least=1)).active(10_000, messages=0, replicas=1) == 1


def test_pods_go_one_a_minute_where_the_step_says_so() -> None:
    scaler = Autoscaler(Policy(target=1, stabilization=0, down=Step(pods=1, percent=0, period=60)))
    replicas, seen = 5, []
    for now in range(0, 150, 15):
        replicas = scaler.wanted(now, messages=0, replicas=replicas)
        seen.append(replicas)
    assert seen == [4, 4, 4, 4, 3, 3, 3, 3, 2, 2]
