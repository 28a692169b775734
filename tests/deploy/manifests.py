"""The manifests as `kubectl kustomize` renders them."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.conftest import ROOT, need

Object = dict[str, Any]

K8S = ROOT / "deploy/k8s"
KUBECTL = Path(sys.executable).with_name("kubectl")
SERVICES = ("gateway", "status", "separator", "transcriber", "beats")
WORKERS = ("separator", "transcriber", "beats")
MAIN = "service"
"""The name of the container in which a service runs."""


def _folders(kind: str) -> list[str]:
    return sorted(path.name for path in (K8S / kind).iterdir() if (path / "kustomization.yaml").exists())


OVERLAYS = _folders("overlays")
COMPONENTS = _folders("components")
BASE = "base"
EVERY = [*OVERLAYS, BASE, *COMPONENTS]
"""Names that `rendered` accepts."""


@dataclass(frozen=True)
class Manifests:
    """The objects of one overlay, or of one component on the base."""

    name: str
    objects: list[Object]

    def of(self, *kinds: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] in kinds]

    def one(self, kind: str, name: str) -> Object:
        return next(each for each in self.of(kind) if each["metadata"]["name"] == name)

    def has(self, kind: str, name: str) -> bool:
        return any(each["metadata"]["name"] == name for each in self.of(kind))

    @property
    def workloads(self) -> list[Object]:
        return self.of("Deployment", "StatefulSet")

    def environment(self, service: str) -> dict[str, str]:
        """Return the plain variables of a service's container, without secrets."""
        told: dict[str, str] = {}
        container = main(self.one("Deployment", service))
        for source in container.get("envFrom", []):
            told |= self.one("ConfigMap", source["configMapRef"]["name"])["data"]
        return told | {each["name"]: each["value"] for each in container.get("env", []) if "value" in each}

    def secret_names(self, service: str) -> dict[str, tuple[str, str]]:
        """Return the secret and key of each variable that comes from a secret."""
        env = main(self.one("Deployment", service)).get("env", [])
        references = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in env if "valueFrom" in each}
        return {name: (reference["name"], reference["key"]) for name, reference in references.items()}


def title(each: Object) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


def pod(workload: Object) -> Object:
    spec: Object = workload["spec"]["template"]["spec"]
    return spec


def containers(workload: Object) -> Iterator[Object]:
    """Return all containers, init containers included."""
    yield from pod(workload).get("initContainers", [])
    yield from pod(workload)["containers"]


def main(workload: Object) -> Object:
    return next(each for each in pod(workload)["containers"] if each["name"] == MAIN)


def labels(workload: Object) -> Mapping[str, str]:
    found: Mapping[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return found


@cache
def rendered(name: str) -> Manifests:
    """Render an overlay, the base, or the base with one component."""
    if name in COMPONENTS:
        return Manifests(name, _on_the_base(name))
    return Manifests(name, _render(K8S / "overlays" / name if name in OVERLAYS else K8S / name))


def _on_the_base(component: str) -> list[Object]:
    with TemporaryDirectory() as folder:
        here = Path(folder).resolve()
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": "karaoke",
            "resources": [os.path.relpath(K8S / BASE, here)],
            "components": [os.path.relpath(K8S / "components" / component, here)],
        }
        (here / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return _render(here)


def _render(folder: Path) -> list[Object]:
    need("kubectl", there=KUBECTL.exists())
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))
