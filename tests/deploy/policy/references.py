"""Every referenced object exists, or is created by an operator or by a command in docs/operations.md."""

import re
from collections.abc import Iterator

from tests.conftest import ROOT
from tests.deploy.manifests import SERVICES, Manifests, Object, containers, pod, title


def made_by_hand() -> set[str]:
    """Return the secrets that docs/operations.md creates."""
    text = (ROOT / "docs/operations.md").read_text()
    names = re.findall(r"create secret (?:generic|tls) ([$a-z-]+)", text)
    return {name.replace("$service", service) for name in names for service in SERVICES}


def made_by_operators(manifests: Manifests) -> set[str]:
    users = {f"{user['metadata']['name']}-user-credentials" for user in manifests.of("User")}
    databases = manifests.of("MongoDBCommunity")
    return users | {user["connectionStringSecretName"] for each in databases for user in each["spec"]["users"]}


def secrets_exist(manifests: Manifests) -> Iterator[str]:
    there = {secret["metadata"]["name"] for secret in manifests.of("Secret")}
    there |= made_by_hand() | made_by_operators(manifests)
    for who, name in _wanted_secrets(manifests):
        if name not in there:
            yield f"{who} wants the secret {name}, which nobody makes"


def volumes_exist(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads:
        for volume in pod(workload).get("volumes", []):
            claim, settings = volume.get("persistentVolumeClaim"), volume.get("configMap")
            if claim and not manifests.has("PersistentVolumeClaim", claim["claimName"]):
                yield f"{title(workload)} wants the volume {claim['claimName']}"
            if settings and not manifests.has("ConfigMap", settings["name"]):
                yield f"{title(workload)} wants the settings {settings['name']}"
        mounted = {mount["name"] for each in containers(workload) for mount in each.get("volumeMounts", [])}
        templates = {each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", [])}
        if mounted != {volume["name"] for volume in pod(workload).get("volumes", [])} | templates:
            yield f"{title(workload)}: its volumes are not those that it mounts"


def a_broker_and_a_database_exist(manifests: Manifests) -> Iterator[str]:
    for name, kind in (("rabbitmq", "RabbitmqCluster"), ("mongodb", "MongoDBCommunity")):
        if manifests.has(kind, name) == manifests.has("Service", name):
            yield f"there is no {name}, or two"


def all_share_one_storage(manifests: Manifests) -> Iterator[str]:
    places = {service: manifests.environment(service).get("STORAGE_URL") for service in SERVICES}
    if len(set(places.values())) != 1 or None in places.values():
        yield f"services look for files in different places: {places}"
    for service in SERVICES:
        place = places[service] or ""
        mounts = {m["mountPath"] for c in containers(manifests.one("Deployment", service)) for m in c["volumeMounts"]}
        if "://" not in place and place not in mounts:
            yield f"{service} has no {place}"


def images_are_pinned(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads:
        for container in containers(workload):
            tag = container["image"].rpartition("/")[2].partition(":")[2]
            if tag in ("", "latest"):
                yield f"{title(workload)}, {container['name']}: whatever is latest"


def _wanted_secrets(manifests: Manifests) -> Iterator[tuple[str, str]]:
    for workload in manifests.workloads:
        for container in containers(workload):
            yield from ((title(workload), name) for name in _secret_names(container))
    for each in manifests.of("TriggerAuthentication"):
        yield from ((title(each), reference["name"]) for reference in each["spec"]["secretTargetRef"])
    for each in manifests.of("Ingress"):
        yield from ((title(each), tls["secretName"]) for tls in each["spec"]["tls"])
    for each in manifests.of("MongoDBCommunity"):
        yield from ((title(each), user["passwordSecretRef"]["name"]) for user in each["spec"]["users"])


def _secret_names(container: Object) -> Iterator[str]:
    for each in container.get("env", []):
        if reference := each.get("valueFrom", {}).get("secretKeyRef"):
            yield reference["name"]


RULES = (
    secrets_exist,
    volumes_exist,
    a_broker_and_a_database_exist,
    all_share_one_storage,
    images_are_pinned,
)
