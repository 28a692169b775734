"""Containers have no more rights than the namespace's restricted profile allows, and some rules are stricter."""

from collections.abc import Iterator

from tests.deploy.manifests import Manifests, Object, containers, pod, title

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
PRIVATE_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}


def namespaces_are_restricted(manifests: Manifests) -> Iterator[str]:
    if not manifests.of("Namespace"):
        yield "there is no Namespace"
    for namespace in manifests.of("Namespace"):
        if not RESTRICTED.items() <= namespace["metadata"]["labels"].items():
            yield f"{title(namespace)} does not enforce the restricted profile"


def pods_are_confined(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads:
        spec, who = pod(workload), title(workload)
        context = spec.get("securityContext", {})
        if not context.get("runAsNonRoot") or not context.get("runAsUser") or not context.get("runAsGroup"):
            yield f"{who} may run as root"
        if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{who} has no seccomp profile"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{who} gets a token for the cluster's API"
        if spec.get("enableServiceLinks") is not False:
            yield f"{who} gets other services' addresses as variables"
        if spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}:
            yield f"{who} sees its host"
        for volume in spec.get("volumes", []):
            if not volume.keys() & PRIVATE_VOLUMES:
                yield f"{who} has a volume that the restricted profile forbids: {volume['name']}"


def containers_are_confined(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads:
        for container in containers(workload):
            yield from (f"{title(workload)}, {container['name']}: {what}" for what in _faults(container, workload))


def _faults(container: Object, workload: Object) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield "may gain privileges"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield "keeps capabilities"
    if context.get("runAsNonRoot") is False or context.get("runAsUser") == 0:
        yield "may run as root"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "may write to its root"
    empty = {volume["name"] for volume in pod(workload).get("volumes", []) if "emptyDir" in volume}
    if not any(m["mountPath"] == "/tmp" and m["name"] in empty for m in container.get("volumeMounts", [])):
        yield "has no /tmp of its own"
    resources = container.get("resources", {})
    for kind in ("requests", "limits"):
        if missing := {"cpu", "memory"} - resources.get(kind, {}).keys():
            yield f"has no {kind} of {', '.join(sorted(missing))}"


RULES = (namespaces_are_restricted, pods_are_confined, containers_are_confined)
