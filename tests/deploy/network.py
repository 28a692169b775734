"""Reachability by the rendered NetworkPolicies: a path is open if both its sender and its receiver allow it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from tests.deploy.manifests import Manifests, Object, labels

OURS = "karaoke"


@dataclass(frozen=True)
class Peer:
    """A pod in a namespace, or a host with an `address` outside the cluster."""

    name: str
    namespace: str = OURS
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None


def pods(manifests: Manifests) -> list[Peer]:
    """Return all pods of the namespace: the services and the pods that the operators run."""
    own = [Peer(each["metadata"]["name"], labels=labels(each)) for each in manifests.of("Deployment")]
    run = [Peer(name, labels={"app.kubernetes.io/name": name}) for name in ("rabbitmq", "mongodb")]
    return own + run


def is_open(manifests: Manifests, sender: Peer, receiver: Peer, port: int, protocol: str = "TCP") -> bool:
    policies = manifests.of("NetworkPolicy")
    return _lets(policies, "Egress", sender, receiver, port, protocol) and _lets(
        policies, "Ingress", receiver, sender, port, protocol
    )


def _lets(policies: Iterable[Object], way: str, pod: Peer, other: Peer, port: int, protocol: str) -> bool:
    """Return whether `pod` allows traffic to (or from) `other`; a pod without a policy allows everything."""
    if pod.namespace != OURS or pod.address is not None:
        return True
    about = [each["spec"] for each in policies if way in each["spec"]["policyTypes"] and _selects(each, pod)]
    field_of_peers = "to" if way == "Egress" else "from"
    rules = [rule for spec in about for rule in spec.get(way.lower(), [])]
    return not about or any(
        _has_port(rule.get("ports"), port, protocol) and _has_peer(rule.get(field_of_peers), other) for rule in rules
    )


def _selects(policy: Object, pod: Peer) -> bool:
    return _matches(policy["spec"]["podSelector"], pod.labels)


def _matches(selector: Mapping[str, Any], having: Mapping[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels", "matchExpressions"}
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions), "no other operator is supported here"
    return bool(selector.get("matchLabels", {}).items() <= having.items()) and all(
        having.get(each["key"]) in each["values"] for each in expressions
    )


def _has_port(ports: list[Object] | None, port: int, protocol: str) -> bool:
    return ports is None or any(port in _range(each) and each["protocol"] == protocol for each in ports)


def _range(ports: Object) -> range:
    first: int = ports["port"]
    last: int = ports.get("endPort", first)
    return range(first, last + 1)


def _has_peer(peers: list[Object] | None, other: Peer) -> bool:
    return peers is None or any(_is_meant(peer, other) for peer in peers)


def _is_meant(peer: Object, other: Peer) -> bool:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        return other.address is not None and _is_within(other.address, block["cidr"], block.get("except", []))
    namespace = {"kubernetes.io/metadata.name": other.namespace}
    there = _matches(peer["namespaceSelector"], namespace) if "namespaceSelector" in peer else other.namespace == OURS
    return other.address is None and there and _matches(peer.get("podSelector", {}), other.labels)


def _is_within(address: str, block: str, but: Iterable[str]) -> bool:
    there = ip_address(address)
    return there in ip_network(block) and not any(there in ip_network(each) for each in but)
