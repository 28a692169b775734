"""What was chosen is what the simulation led to, and what the cluster is told."""

from dataclasses import asdict
from typing import Any

import pytest
import yaml

from bench.simulation import summary
from bench.simulation.chosen import CHOSEN, WAIT_SECONDS
from bench.simulation.known import known
from bench.simulation.policy import Policy, Step
from tests.conftest import ROOT

KEDA = ROOT / "deploy" / "k8s" / "components" / "keda"


def test_the_summary_is_of_the_figures_that_the_benchmark_has_now() -> None:
    assert summary.read()["known"] == known().values(), "run `python -m bench.simulation`"


@pytest.mark.parametrize("service", CHOSEN)
def test_the_chosen_settings_keep_the_limit_and_are_nearly_the_cheapest_that_do(service: str) -> None:
    simulated = summary.read()
    chosen, cheapest = simulated["chosen"][service], simulated["cheapest"][service]
    assert chosen["policy"] == asdict(CHOSEN[service]), "run `python -m bench.simulation`"
    assert chosen["outcome"]["p95"] <= WAIT_SECONDS[service]
    assert chosen["outcome"]["node_hours"] <= 1.1 * cheapest["outcome"]["node_hours"]


@pytest.mark.parametrize("service", CHOSEN)
def test_keda_is_told_what_was_chosen(service: str) -> None:
    objects = [o for file in sorted(KEDA.glob("*.yaml")) for o in yaml.safe_load_all(file.read_text()) if o]
    scaled = {o["metadata"]["name"]: o["spec"] for o in objects if o.get("kind") == "ScaledObject"}
    of_all = [spec for spec in scaled.values() if "scaleTargetRef" not in spec]  # a patch of every one
    assert (
        _policy({key: value for spec in (*of_all, scaled[service]) for key, value in spec.items()}) == CHOSEN[service]
    )


def _policy(spec: dict[str, Any]) -> Policy:
    """With KEDA's and the HPA's own values where there is none."""
    own = Policy()
    behavior = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", {}).get("behavior", {})
    up, down = behavior.get("scaleUp", {}), behavior.get("scaleDown", {})
    assert up.get("stabilizationWindowSeconds", 0) == 0
    (trigger,) = (trigger for trigger in spec["triggers"] if trigger["type"] == "rabbitmq")
    assert trigger["metadata"]["protocol"] == "http"  # the only one that counts what is in work
    return Policy(
        target=float(trigger["metadata"]["value"]),
        polling=spec.get("pollingInterval", own.polling),
        cooldown=spec.get("cooldownPeriod", own.cooldown),
        stabilization=down.get("stabilizationWindowSeconds", own.stabilization),
        least=spec.get("minReplicaCount", 0),
        most=spec["maxReplicaCount"],
        up=_step(up.get("policies"), own.up),
        down=_step(down.get("policies"), own.down),
    )


def _step(policies: list[dict[str, Any]] | None, own: Step) -> Step:
    if policies is None:
        return own
    values = {policy["type"]: policy["value"] for policy in policies}
    (period,) = {policy["periodSeconds"] for policy in policies}
    return Step(values.get("Pods", 0), values.get("Percent", 0), period)
