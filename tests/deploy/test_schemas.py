"""All rendered objects match their schemas: those of Kubernetes, or those of the operators."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import kubernetes_validate
import pytest
from pydantic import ValidationError

from tests.conftest import ROOT, need
from tests.deploy.manifests import EVERY, Object, rendered, title
from tests.deploy.operators import KINDS

SCHEMAS = ROOT / "tests/deploy/schemas"
OLDEST = "1.30"
"""The first version of Kubernetes with a sleep action in preStop."""

BY_DEFINITION = ("keda.sh/v1alpha1", "monitoring.coreos.com/v1")


def is_core(each: Object) -> bool:
    """Return whether the group belongs to Kubernetes: it has no dot, or ends with Kubernetes' domain."""
    group = each["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def by_definition(objects: list[Object]) -> list[str | None]:
    """Return the violations of KEDA's and Prometheus' definitions per object; None if there are none."""
    node = shutil.which("node") or ""
    need("Node.js", there=bool(node))
    need("tests/deploy/schemas/node_modules", there=(SCHEMAS / "node_modules").is_dir())
    command = [node, str(SCHEMAS / "validate.js")]
    done = subprocess.run(command, input=json.dumps(objects), capture_output=True, text=True, check=True)
    answers = json.loads(done.stdout)
    assert all(answer["known"] for answer in answers)
    return [answer["error"] for answer in answers]


@pytest.fixture(autouse=True, scope="module")
def _schemas_are_read_once() -> Iterator[None]:
    """Cache the definitions: they are megabytes, and the validator would read them for each object."""
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(kubernetes_validate.utils, "schema_contents", cache(kubernetes_validate.utils.schema_contents))
        yield


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
def test_core_kinds_are_valid(version: str) -> None:
    core = {json.dumps(each): each for name in EVERY for each in rendered(name).objects if is_core(each)}
    assert len(core) > 60
    for each in core.values():
        kubernetes_validate.validate(each, version, strict=True)


def test_custom_kinds_are_valid() -> None:
    custom = [each for name in EVERY for each in rendered(name).objects if not is_core(each)]
    defined = [each for each in custom if each["apiVersion"] in BY_DEFINITION]
    assert [(title(each), error) for each, error in zip(defined, by_definition(defined), strict=True) if error] == []
    for each in custom:
        kind = KINDS.get((each["apiVersion"], each["kind"]))
        assert kind or each in defined, f"{title(each)} is checked by nothing"
        if kind:
            kind.model_validate(each)


def broken(kind: str, name: str, field: str, value: Any) -> Object:
    each = deepcopy(rendered("prod").one(kind, name))
    each["spec"][field] = value
    return each


@pytest.mark.parametrize(("field", "value"), [("replicaz", 1), ("minReadySeconds", "soon"), ("paused", "no")])
def test_a_broken_core_kind_is_refused(field: str, value: object) -> None:
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken("Deployment", "beats", field, value), OLDEST, strict=True)


def test_a_custom_kind_that_its_definition_forbids_is_refused() -> None:
    objects = [
        broken("ScaledObject", "beats", "minReplicaCount", "none"),
        rendered("prod").one("ScaledObject", "beats"),
    ]
    assert by_definition(objects) == ["data/spec/minReplicaCount must be integer", None]


@pytest.mark.parametrize(
    ("kind", "name", "field", "value"),
    [
        ("ScaledObject", "beats", "minReplicas", 1),
        ("Queue", "beats", "type", "lazy"),
        ("Permission", "beats", "user", "beats"),
        ("RabbitmqCluster", "rabbitmq", "replicas", "3"),
        ("MongoDBCommunity", "mongodb", "members", None),
    ],
)
def test_a_custom_kind_with_another_field_or_value_is_refused(kind: str, name: str, field: str, value: object) -> None:
    each = broken(kind, name, field, value)
    with pytest.raises(ValidationError):
        KINDS[each["apiVersion"], kind].model_validate(each)
