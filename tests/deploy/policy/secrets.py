"""Secrets are referenced, never contained, except for the unimportant passwords of the overlay `dev`."""

import re
from collections.abc import Iterator

from tests.deploy.manifests import SERVICES, Manifests, Object, containers, title

SECRET_NAME = re.compile("SECRET|PASSWORD|TOKEN|ACCESS_KEY|API_KEYS|MONGO_URL")
PASSWORD_IN_A_URL = re.compile(r"://[^/\s:@]+:(?!\$\()[^/\s@]+@")
DEV = "dev"


def no_secret_is_in_the_tree(manifests: Manifests) -> Iterator[str]:
    if manifests.name == DEV:
        return
    yield from (f"{title(secret)} is in the tree" for secret in manifests.of("Secret"))
    for workload in manifests.workloads:
        for container in containers(workload):
            told = {each["name"]: each["value"] for each in container.get("env", []) if "value" in each}
            yield from (f"{title(workload)} is told {name}" for name in _secrets(told))
    for settings in manifests.of("ConfigMap"):
        yield from (f"{title(settings)} tells {name}" for name in _secrets(settings.get("data", {})))


def _secrets(told: Object) -> Iterator[str]:
    for name, value in told.items():
        if SECRET_NAME.search(name) or PASSWORD_IN_A_URL.search(value):
            yield name


def each_service_has_a_user_of_its_own(manifests: Manifests) -> Iterator[str]:
    for service in SERVICES:
        secret = manifests.secret_names(service)
        for name, key in (("AMQP_USER", "username"), ("AMQP_PASSWORD", "password")):
            reference, kept = secret.get(name, ("", ""))
            if not reference.startswith(f"{service}-user-credentials") or kept != key:
                yield f"{service} uses another's {name}"
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            if secret.get(name, (f"{service}-storage-credentials", name)) != (f"{service}-storage-credentials", name):
                yield f"{service} uses another's {name}"
        if ("MONGO_URL" in secret) != (service == "status"):
            yield f"{service}: status alone has the database"


RULES = (no_secret_is_in_the_tree, each_service_has_a_user_of_its_own)
