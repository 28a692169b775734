"""Every scaler has its target and its queue."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from shared.broker.topology import STATUS_QUEUE, TASK_QUEUES
from tests.deploy.manifests import SERVICES, Manifests, Object

QUEUE_OF = {queue: queue for queue in (*TASK_QUEUES, STATUS_QUEUE)}
"""Services that consume a queue, which has the same name."""
MANAGEMENT_PORT = 15672


def scaled_deployments_exist_and_leave_their_number_open(manifests: Manifests) -> Iterator[str]:
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in manifests.of("ScaledObject")}
    for name in scaled - {each["metadata"]["name"] for each in manifests.of("Deployment")}:
        yield f"{name} is scaled, and does not exist"
    for workload in manifests.of("Deployment"):
        name = workload["metadata"]["name"]
        if (name in scaled) == ("replicas" in workload["spec"]):
            yield f"{name}: either KEDA says how many there are, or its deployment"


def scaling_has_bounds_and_patience(manifests: Manifests) -> Iterator[str]:
    for scaled in manifests.of("ScaledObject"):
        spec, name = scaled["spec"], scaled["metadata"]["name"]
        if not 0 <= spec["minReplicaCount"] < spec["maxReplicaCount"]:
            yield f"{name}: its bounds leave nothing to scale"
        if name in ("gateway", "status") and spec["minReplicaCount"] < 2:
            yield f"{name} is unavailable while its only pod moves"
        down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
        if down["stabilizationWindowSeconds"] < 60:
            yield f"{name} goes down in every pause"
        if spec["minReplicaCount"] == 0 and spec.get("cooldownPeriod", 0) < 300:
            yield f"{name} loses its model in every pause"


def queues_are_counted_with_what_is_at_work(manifests: Manifests) -> Iterator[str]:
    for scaled in manifests.of("ScaledObject"):
        name = scaled["metadata"]["name"]
        triggers = [each for each in scaled["spec"]["triggers"] if each["type"] == "rabbitmq"]
        if [each["metadata"]["queueName"] for each in triggers] != ([QUEUE_OF[name]] if name in QUEUE_OF else []):
            yield f"{name} is not scaled by its own queue"
        for trigger in triggers:
            yield from (f"{name}: {what}" for what in _faults(trigger, manifests))


def _faults(trigger: Object, manifests: Manifests) -> Iterator[str]:
    told = trigger["metadata"]
    if told["protocol"] != "http" or told.get("excludeUnacknowledged", "false") != "false":
        yield "a busy worker reads as idle"
    host = urlsplit(told["host"])
    if (host.scheme, host.port, host.path) != ("http", MANAGEMENT_PORT, "/") or host.username:
        yield "KEDA does not find the management API"
    (namespace,) = (each["metadata"]["name"] for each in manifests.of("Namespace"))
    if host.hostname != f"rabbitmq.{namespace}.svc":
        yield "KEDA asks another broker"
    if not manifests.has("TriggerAuthentication", trigger["authenticationRef"]["name"]):
        yield "KEDA has no name to ask by"


def everything_that_can_scale_does(manifests: Manifests) -> Iterator[str]:
    if manifests.of("ScaledObject"):
        for service in SERVICES:
            if not manifests.has("ScaledObject", service):
                yield f"{service} is not scaled"


RULES = (
    scaled_deployments_exist_and_leave_their_number_open,
    scaling_has_bounds_and_patience,
    queues_are_counted_with_what_is_at_work,
    everything_that_can_scale_does,
)
