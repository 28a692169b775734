"""Variables of services are known settings with valid values."""

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any, cast
from unittest.mock import patch

from obstore.exceptions import BaseError as ObstoreError
from obstore.exceptions import UnknownConfigurationKeyError
from obstore.store import S3Store
from pydantic import ValidationError

from shared.settings import Settings
from tests.deploy.manifests import SERVICES, Manifests

OTHERS = {
    "AMQP_USER": "part of AMQP_URL",
    "AMQP_PASSWORD": "part of AMQP_URL",
    "FORWARDED_ALLOW_IPS": "uvicorn's",
    "OMP_NUM_THREADS": "torch's",
}
"""Variables of libraries, by library. Those that begin with AWS_ belong to obstore."""

SECRETS = {
    "API_KEYS": '{"web": "' + 64 * "0" + '"}',
    "LINK_SECRET": 32 * "x",
    "WEBHOOK_SECRET": 32 * "x",
    "SUBMISSION_SECRET": 32 * "x",
    "MONGO_URL": "mongodb://mongodb",
}
"""Sample values of settings that come from secrets."""


def settings_of(manifests: Manifests, service: str) -> Settings:
    """Return the settings that the service will load. Raises `ValidationError`."""
    secret = {name: SECRETS.get(name, "secret") for name in manifests.secret_names(service)}
    with patch.dict(os.environ, manifests.environment(service) | secret, clear=True):
        made: Settings = _kind(service)()
    return made


def variables_are_known(manifests: Manifests) -> Iterator[str]:
    for service in SERVICES:
        known = {name.upper() for name in _kind(service).model_fields} | OTHERS.keys()
        for name in sorted(manifests.environment(service).keys() | manifests.secret_names(service).keys()):
            if not (_is_of_the_bucket(name) if name.startswith("AWS_") else name in known):
                yield f"{service} knows no {name}"


def values_are_taken(manifests: Manifests) -> Iterator[str]:
    for service in SERVICES:
        try:
            settings_of(manifests, service)
        except ValidationError as error:
            yield f"{service} refuses its settings: {error}"


def the_broker_is_where_it_is_looked_for(manifests: Manifests) -> Iterator[str]:
    for service in SERVICES:
        if manifests.environment(service).get("AMQP_URL") != "amqp://$(AMQP_USER):$(AMQP_PASSWORD)@rabbitmq:5672/":
            yield f"{service} looks for another broker"
        if [name for name in _order(manifests, service) if name.startswith("AMQP_")][-1:] != ["AMQP_URL"]:
            yield f"{service}: AMQP_URL comes before what it is made of"


def _order(manifests: Manifests, service: str) -> list[str]:
    container = manifests.one("Deployment", service)["spec"]["template"]["spec"]["containers"][0]
    return [each["name"] for each in container["env"]]


def _kind(service: str) -> type[Settings]:
    found: type[Settings] = import_module(f"services.{service}.settings").Settings
    return found


def _is_of_the_bucket(name: str) -> bool:
    try:
        S3Store("bucket", config=cast("Any", {name.lower(): "http://x"}))
    except UnknownConfigurationKeyError:
        return False
    except ObstoreError:  # it knows the name, and would want more
        return True
    return True


RULES = (variables_are_known, the_broker_is_where_it_is_looked_for)
