"""With default-deny policies, exactly the required paths are open."""

from collections.abc import Iterable
from copy import deepcopy

import pytest

from tests.deploy.manifests import COMPONENTS, SERVICES, WORKERS, Manifests, rendered
from tests.deploy.network import Peer, is_open, pods

CONTROLLER = Peer("controller", "ingress-nginx")
PROMETHEUS = Peer("prometheus", "monitoring")
KEDA = Peer("keda", "keda")
OPERATOR = Peer("operator", "rabbitmq-system")
STRANGER = Peer("stranger", "default", {"app.kubernetes.io/name": "gateway", "app.kubernetes.io/part-of": "karaoke"})
NAMES = Peer("coredns", "kube-system", {"k8s-app": "kube-dns"})
OTHER_SYSTEM_POD = Peer("scheduler", "kube-system")
INTERNET = Peer("internet", "", address="203.0.113.7")
INTERNET_6 = Peer("internet6", "", address="2001:db8::7")
BUCKET = Peer("bucket", "", address="198.51.100.7")
PRIVATE = Peer("private", "", address="10.1.2.3")
METADATA = Peer("metadata", "", address="169.254.169.254")

PORTS = (80, 443, 4369, 5672, 6443, 8000, 8443, 15672, 15692, 25672, 27017)

NEEDED = {
    ("controller", "gateway", 8000),
    ("gateway", "status", 8000),
    ("status", "mongodb", 27017),
    ("mongodb", "mongodb", 27017),
    *((service, "rabbitmq", 5672) for service in SERVICES),
    *(("prometheus", service, 8000) for service in SERVICES),
    ("prometheus", "rabbitmq", 15692),
    ("keda", "rabbitmq", 15672),
    ("operator", "rabbitmq", 15672),
    *(("rabbitmq", "rabbitmq", port) for port in (4369, 25672)),
}
"""Required paths inside the cluster."""

PUBLIC = ("internet", "internet6", "bucket")
OUT = {
    *((service, "bucket", 443) for service in SERVICES),
    *((worker, public, 443) for worker in ("separator", "transcriber") for public in PUBLIC),  # model hubs
    *(("status", public, port) for public in PUBLIC for port in PORTS),  # callbacks
}
"""Required paths to the outside. Pods of operators may use port 443 anywhere: no policy can name the Kubernetes API."""

OUT_TO_ANY_BUCKET = OUT | {(service, public, 443) for service in SERVICES for public in PUBLIC}
"""The same where the networks of the bucket are not known."""

WITH_POLICIES = ["prod", "network-policies"]


def opened(manifests: Manifests) -> set[tuple[str, str, int]]:
    """Return the open paths between our pods, and to or from others in the cluster, without the Kubernetes API."""
    ours, others = pods(manifests), [CONTROLLER, PROMETHEUS, KEDA, OPERATOR, STRANGER, OTHER_SYSTEM_POD]
    pairs = [(a, b) for a in ours for b in ours] + [pair for a in ours for b in others for pair in ((a, b), (b, a))]
    return {path for path in _open(manifests, pairs) if not _is_for_the_api(path)}


def _open(manifests: Manifests, pairs: Iterable[tuple[Peer, Peer]]) -> set[tuple[str, str, int]]:
    return {(a.name, b.name, port) for a, b in pairs for port in PORTS if is_open(manifests, a, b, port)}


def _is_for_the_api(path: tuple[str, str, int]) -> bool:
    return path[0] in ("rabbitmq", "mongodb") and path[2] in (443, 6443)


@pytest.mark.parametrize("name", WITH_POLICIES)
def test_exactly_the_required_paths_are_open(name: str) -> None:
    assert opened(rendered(name)) == NEEDED


@pytest.mark.parametrize(("name", "out"), [("prod", OUT), ("network-policies", OUT_TO_ANY_BUCKET)])
def test_services_reach_the_bucket_two_workers_hubs_status_callbacks_and_nobody_a_private_address(
    name: str, out: set[tuple[str, str, int]]
) -> None:
    manifests = rendered(name)
    places = (INTERNET, INTERNET_6, BUCKET, PRIVATE, METADATA)
    pairs = [(pod, place) for pod in pods(manifests) for place in places]
    assert {path for path in _open(manifests, pairs) if not _is_for_the_api(path)} == out


@pytest.mark.parametrize("name", WITH_POLICIES)
def test_every_pod_can_resolve_names(name: str) -> None:
    manifests = rendered(name)
    for pod in pods(manifests):
        assert is_open(manifests, pod, NAMES, 53, "UDP")
        assert is_open(manifests, pod, NAMES, 53, "TCP")
        assert not is_open(manifests, pod, OTHER_SYSTEM_POD, 53, "UDP")


@pytest.mark.parametrize("name", sorted({path[1] for path in NEEDED}))
def test_a_missing_path_is_detected(name: str) -> None:
    manifests = Manifests("prod", deepcopy(rendered("prod").objects))
    policy = manifests.one("NetworkPolicy", "metrics" if name in WORKERS else name)
    del policy["spec"]["ingress"]
    assert opened(manifests) < NEEDED


def test_an_additional_path_is_detected() -> None:
    manifests = Manifests("prod", deepcopy(rendered("prod").objects))
    manifests.one("NetworkPolicy", "status")["spec"]["ingress"][0].pop("from")
    assert ("stranger", "status", 8000) in opened(manifests) - NEEDED


def test_no_other_component_has_a_network_policy() -> None:
    """Without the other policies, it would block all other traffic of its pods."""
    for name in COMPONENTS:
        assert name == "network-policies" or not rendered(name).of("NetworkPolicy")
