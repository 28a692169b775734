"""Graceful shutdown: a stopping pod can finish its work, and gets no new requests."""

from collections.abc import Iterator

from services.gateway.settings import Settings as GatewaySettings
from shared.broker.topology import CONSUMER_TIMEOUT_SECONDS
from tests.deploy.manifests import SERVICES, WORKERS, Manifests, Object, containers, main, pod
from tests.deploy.policy.settings import settings_of

STORING_SECONDS = 60
"""Seconds for a worker to store and publish a result after the longest computation."""


def longest_task_seconds(manifests: Manifests, worker: str) -> float:
    """Return the deadline of `shared.worker` for the longest song that the gateway accepts."""
    gateway = settings_of(manifests, "gateway")
    assert isinstance(gateway, GatewaySettings)
    return settings_of(manifests, worker).deadline_seconds + 5 * gateway.max_seconds


def a_task_may_end(manifests: Manifests) -> Iterator[str]:
    """Require: longest task < grace period of the worker < of the node < timeout of the broker."""
    for worker in WORKERS:
        longest = longest_task_seconds(manifests, worker) + STORING_SECONDS
        grace = settings_of(manifests, worker).grace_seconds
        patience = pod(manifests.one("Deployment", worker))["terminationGracePeriodSeconds"]
        if not longest < grace < patience < CONSUMER_TIMEOUT_SECONDS:
            yield f"{worker}: a scale-down kills a task: {longest} < {grace} < {patience} does not hold"


def a_request_may_end(manifests: Manifests) -> Iterator[str]:
    for service in ("gateway", "status"):
        workload = manifests.one("Deployment", service)
        pause = main(workload).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if pause < 5:
            yield f"{service} stops before the balancers know"
        if pause + settings_of(manifests, service).grace_seconds >= pod(workload)["terminationGracePeriodSeconds"]:
            yield f"{service}: requests are cut off"


def an_update_takes_none_away(manifests: Manifests) -> Iterator[str]:
    """Require that a new pod is ready before an old one stops, except on a GPU."""
    for service in SERVICES:
        workload = manifests.one("Deployment", service)
        wanted = {"maxSurge": 0, "maxUnavailable": 1} if uses_gpu(workload) else {"maxSurge": 1, "maxUnavailable": 0}
        if workload["spec"].get("strategy", {}).get("rollingUpdate") != wanted:
            yield f"{service}: an update should have {wanted}"


def no_autoscaler_of_nodes_evicts_a_worker(manifests: Manifests) -> Iterator[str]:
    for worker in WORKERS:
        annotations = manifests.one("Deployment", worker)["spec"]["template"]["metadata"].get("annotations", {})
        if annotations.get("cluster-autoscaler.kubernetes.io/safe-to-evict") != "false":
            yield f"{worker} may be evicted at work"


def uses_gpu(workload: Object) -> bool:
    return any("nvidia.com/gpu" in each.get("resources", {}).get("limits", {}) for each in containers(workload))


RULES = (a_task_may_end, a_request_may_end, an_update_takes_none_away, no_autoscaler_of_nodes_evicts_a_worker)
