"""The commands and numbers of docs/operations.md are correct, as far as that can be checked without a cluster."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from services.separator.settings import Settings
from tests.conftest import ROOT, need
from tests.deploy.manifests import COMPONENTS, KUBECTL, OVERLAYS, SERVICES, Object, main, rendered
from tests.deploy.policy.grace import longest_task_seconds
from tests.deploy.policy.references import made_by_operators

PAGE = (ROOT / "docs/operations.md").read_text()
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")


def run(script: str, folder: Path) -> str:
    need("kubectl", there=KUBECTL.exists())
    env = {**os.environ, "PATH": f"{KUBECTL.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_make_every_secret_that_production_reads(tmp_path: Path) -> None:
    certificate = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout tls.key -out tls.crt 2>/dev/null"
    values = "API_KEYS='{}' AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x"
    commands = [line for line in SHELL.splitlines() if "create secret" in line]
    making = "\n".join(f"{line} --dry-run=client -o yaml; echo ---" for line in commands)
    made = run(f"{certificate}\n{values}\nfor service in {' '.join(SERVICES)}; do\n{making}\ndone", tmp_path)
    secrets = {each["metadata"]["name"]: each["data"].keys() for each in yaml.safe_load_all(made) if each}
    production = rendered("prod")
    wanted = {reference for service in SERVICES for reference in production.secret_names(service).values()}
    for name, key in wanted:
        assert name in made_by_operators(production) or key in secrets[name]
    assert secrets.keys() == {"keys", "status-database-password", "karaoke-tls"} | {
        f"{service}-storage-credentials" for service in SERVICES
    }


def test_rendered_folders_are_there() -> None:
    folders = re.findall(r"(?:-k|-f|kustomize) (deploy/k8s/[\w/.-]+)", PAGE)
    assert {"deploy/k8s/overlays/dev", "deploy/k8s/overlays/prod"} <= {*folders}
    for folder in folders:
        assert (ROOT / folder).exists()


def test_an_upgrade_leaves_the_gateway_for_last() -> None:
    ((label, name),) = re.findall(r"-l '([\w./]+)!=(\w+)'", PAGE)
    later = [each for each in rendered("prod").objects if each["metadata"].get("labels", {}).get(label) == name]
    assert {each["kind"] for each in later} >= {"Deployment", "ConfigMap", "Service"}
    assert {each["metadata"]["name"].partition("-")[0] for each in later} == {"gateway"}


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_of_sizes_is_that_of_the_manifests(service: str) -> None:
    size = PAGE.partition("## Size")[2].partition("##")[0]
    (row,) = (line for line in size.splitlines() if line.startswith(f"| {service} |"))
    assert ", ".join(_memory(main(rendered("base").one("Deployment", service)))) in row
    if service in ("separator", "transcriber"):
        assert f"with a GPU {', '.join(_memory(main(rendered('gpu').one('Deployment', service))))}" in row


def _memory(container: Object) -> tuple[str, ...]:
    resources = container["resources"]
    return tuple(re.sub(r"(\d)([GM])", r"\1 \2", resources[kind]["memory"]) for kind in ("requests", "limits"))


def test_the_times_of_the_page_are_those_of_the_manifests() -> None:
    production = rendered("prod")
    assert f"has {production.environment('separator')['GRACE_SECONDS']} s (`GRACE_SECONDS`)" in PAGE
    assert f"`MAX_SECONDS`: {longest_task_seconds(production, 'separator'):.0f} s" in PAGE
    assert "declare_topology" in Settings.model_fields


def test_the_map_has_every_component_and_overlay() -> None:
    page = (ROOT / "deploy/k8s/README.md").read_text()
    for name in (*COMPONENTS, *OVERLAYS):
        assert re.search(rf"^   (?:\S+ \| )?{name} ", page, re.MULTILINE)
