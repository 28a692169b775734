"""The rendered manifests keep our own rules, and each rule detects a violation."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.deploy.manifests import BASE, COMPONENTS, OVERLAYS, Manifests, Object, main, pod, rendered
from tests.deploy.policy import EVERYWHERE, OVERLAID, complaints
from tests.deploy.policy.settings import values_are_taken


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_can_be_applied_as_it_is(name: str) -> None:
    assert complaints(rendered(name)) == []


@pytest.mark.parametrize("name", [BASE, *COMPONENTS])
def test_a_component_can_be_added_alone(name: str) -> None:
    assert complaints(rendered(name), EVERYWHERE) == []


def deployment(name: str) -> Callable[[Manifests], Object]:
    return lambda manifests: manifests.one("Deployment", name)


def spec(name: str) -> Callable[[Manifests], Object]:
    return lambda manifests: pod(manifests.one("Deployment", name))


def service(name: str) -> Callable[[Manifests], Object]:
    return lambda manifests: main(manifests.one("Deployment", name))


def trigger(name: str) -> Callable[[Manifests], Object]:
    return lambda manifests: manifests.one("ScaledObject", name)["spec"]["triggers"][0]["metadata"]


def settings(name: str) -> Callable[[Manifests], Object]:
    def find(manifests: Manifests) -> Object:
        found = next(each for each in manifests.of("ConfigMap") if each["metadata"]["name"].startswith(name))
        data: Object = found["data"]
        return data

    return find


FAULTS: list[tuple[Callable[[Manifests], Object], str, Any, str]] = [
    (service("gateway"), "securityContext", {}, "may write to its root"),
    (service("gateway"), "resources", {"requests": {"cpu": 1}}, "has no limits of cpu, memory"),
    (service("beats"), "volumeMounts", [], "has no /tmp"),
    (service("status"), "livenessProbe", {"httpGet": {"path": "/readyz", "port": "http"}}, "does not ask /livez"),
    (service("beats"), "startupProbe", {"httpGet": {"path": "/livez", "port": "http"}}, "killed while it loads"),
    (service("gateway"), "lifecycle", {}, "stops before the balancers know"),
    (service("gateway"), "ports", [{"name": "http", "containerPort": 80}], "port is not PORT"),
    (service("beats"), "image", "karaoke-beats:latest", "whatever is latest"),
    (service("beats"), "env", [{"name": "AMQP_URL", "value": "amqp://a:b@rabbitmq/"}], "is told AMQP_URL"),
    (spec("beats"), "automountServiceAccountToken", True, "token"),
    (spec("beats"), "securityContext", {}, "may run as root"),
    (spec("beats"), "hostNetwork", True, "sees its host"),
    (spec("beats"), "terminationGracePeriodSeconds", 30, "kills a task"),
    (spec("status"), "terminationGracePeriodSeconds", 30, "requests are cut off"),
    (spec("beats"), "serviceAccountName", "default", "no account of its own"),
    (spec("beats"), "topologySpreadConstraints", [], "is not spread"),
    (spec("separator"), "tolerations", [], "not let onto a GPU's node"),
    (spec("separator"), "initContainers", [], "does not fetch its weights"),
    (lambda manifests: deployment("separator")(manifests)["spec"], "strategy", {}, "an update should have"),
    (lambda manifests: deployment("beats")(manifests)["spec"], "replicas", 1, "either KEDA says"),
    (
        lambda manifests: deployment("beats")(manifests)["spec"]["template"]["metadata"],
        "annotations",
        {},
        "may be evicted at work",
    ),
    (lambda manifests: manifests.one("ScaledObject", "beats")["spec"], "minReplicaCount", 99, "nothing to scale"),
    (lambda manifests: manifests.one("ScaledObject", "gateway")["metadata"], "name", "x", "gateway is not scaled"),
    (settings("gateway"), "STORAGE_URL", "/elsewhere", "look for files in different places"),
    (settings("settings"), "PORT", "8001", "its container's port is not PORT"),
    (settings("settings"), "STORAGE_PLACE", "/storage", "knows no STORAGE_PLACE"),
    (settings("settings"), "AWS_NONSENSE", "x", "knows no AWS_NONSENSE"),
    (settings("settings"), "LOG_LEVEL", "loud", "refuses its settings"),
    (settings("gateway"), "STATUS_URL", "http://state:8000", "looks for status elsewhere"),
    (settings("gateway"), "MAX_SECONDS", "3600", "kills a task"),
    (settings("gateway"), "LINK_SECRET", 32 * "x", "tells LINK_SECRET"),
    (trigger("separator"), "protocol", "amqp", "a busy worker reads as idle"),
    (trigger("separator"), "queueName", "beats", "not scaled by its own queue"),
    (trigger("separator"), "host", "http://rabbitmq.other.svc:15672/", "asks another broker"),
    (lambda manifests: manifests.one("Namespace", "karaoke")["metadata"], "labels", {}, "restricted profile"),
    (lambda manifests: manifests.one("Service", "beats")["spec"], "selector", {}, "no Service of its own"),
    (lambda manifests: manifests.one("PodDisruptionBudget", "beats")["spec"], "selector", {}, "no budget"),
    (lambda manifests: manifests.one("PersistentVolumeClaim", "models")["metadata"], "name", "x", "the volume models"),
    (lambda manifests: manifests.one("User", "beats")["metadata"], "name", "x", "which nobody makes"),
    (lambda manifests: manifests.one("RabbitmqCluster", "rabbitmq")["metadata"], "name", "x", "there is no rabbitmq"),
]


@pytest.mark.parametrize(("where", "field", "value", "complaint"), FAULTS, ids=[fault[-1] for fault in FAULTS])
def test_what_is_wrong_is_complained_of(
    where: Callable[[Manifests], Object], field: str, value: object, complaint: str
) -> None:
    manifests = Manifests("prod", deepcopy(rendered("prod").objects))
    where(manifests)[field] = value
    assert [each for each in complaints(manifests) if complaint in each]


def test_every_rule_can_complain() -> None:
    """Each rule detects at least one of the faults above."""
    silent = {*OVERLAID}
    for where, field, value, _ in FAULTS:
        manifests = Manifests("prod", deepcopy(rendered("prod").objects))
        where(manifests)[field] = value
        if not list(values_are_taken(manifests)):
            silent -= {rule for rule in silent if list(rule(manifests))}
    assert silent == set()


def test_a_secret_outside_the_overlay_for_one_node_is_complained_of() -> None:
    manifests = Manifests("prod", [*rendered("prod").objects, *rendered("dev").of("Secret")])
    assert [each for each in complaints(manifests) if "is in the tree" in each]
