"""Static checks of the Dockerfiles; `deploy/images/demo` runs the built images."""

import importlib
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from deploy.local.services import NAMES
from tests.conftest import ROOT
from tests.deploy.closure import EXTRAS, OVERRIDES, closure, lay_out, packages_bytes
from tests.deploy.dockerfile import argv, dockerfile

COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
ENGINES = {
    "separator": ("services.separator.engine", "services.separator.audio_file"),
    "transcriber": ("services.transcriber.engine",),
    "beats": ("services.beats.rhythm",),
    "gateway": ("services.gateway.media.decoder", "services.gateway.media.encoder"),
    "status": (),
}
"""Modules that run in a child process, so the composition root does not import them."""
EMBEDDED = {"separator": ("embedded-separator",), "transcriber": ("embedded-transcriber",)}
RUNTIME_VARIABLES = {"PATH", "HOME", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH"}
LIBRARY_VARIABLES = {"NUMBA_CACHE_DIR", "MPLCONFIGDIR"}
LIMIT_BYTES = 190_000_000
"""Limit for 200 MB in the image, which also has 10 MB of bytecode (measured)."""

services = pytest.mark.parametrize("service", NAMES)


def settings_of(service: str) -> set[str]:
    fields = importlib.import_module(f"services.{service}.settings").Settings.model_fields
    return {name.upper() for name in fields}


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-zA-Z0-9_.-]+)==([^\s;]+)", (ROOT / lock).read_text(), flags=re.MULTILINE))


def test_every_service_has_an_image() -> None:
    assert {path.stem for path in (ROOT / "deploy" / "images").glob("*.Dockerfile")} == set(NAMES)


@services
def test_an_image_is_built_in_stages_on_bases_with_fixed_versions(service: str) -> None:
    file = dockerfile(service)
    bases = [base.split()[0] for base in file.all("FROM")]
    assert len(bases) > 1
    named = [file.defaults[base.strip("${}")] for base in bases if base != "scratch"]
    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-[a-z-]+", base) for base in named), "a name and a whole version"


@services
def test_an_image_installs_packages_only_by_hash(service: str) -> None:
    installs = [run for run in dockerfile(service).all("RUN") if "pip install" in run]
    assert installs
    for run in installs:
        assert run.count("pip install") == run.count("--require-hashes")
    assert any("--constraints requirements.lock" in run and service in run for run in installs)
    assert not any("apt-get" in run or "npm install" in run for run in dockerfile(service).all("RUN"))


@pytest.mark.parametrize("folder", ["services/gateway/web", "tests/clients", "tests/deploy/schemas"])
def test_npm_runs_no_script_of_a_package_and_its_lock_names_no_registry(folder: str) -> None:
    settings = (ROOT / folder / ".npmrc").read_text().split()
    assert {"ignore-scripts=true", "omit-lockfile-registry-resolved=true"} <= set(settings)
    assert "://registry" not in (ROOT / folder / "package-lock.json").read_text()


@services
def test_an_image_contains_its_whole_service_and_no_other(service: str) -> None:
    copies = [copied.split() for copied in dockerfile(service).final.all("COPY")]
    sources = {source for *paths, _ in copies if not paths[0].startswith("--from=") for source in paths}
    tracked = subprocess.run(
        ["git", "ls-files", f"services/{service}"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    files = {name for name in tracked if not name.startswith("services/gateway/web/")}
    copied_files = {
        name for name in tracked for source in sources if fnmatch(name, source) or name.startswith(f"{source}/")
    }
    assert copied_files == files
    assert {"shared", "services/__init__.py"} <= sources


@services
def test_files_that_an_image_copies_are_in_the_build_context(service: str) -> None:
    rules = (ROOT / ".dockerignore").read_text().split("\n")
    shown = [rule[1:] for rule in rules if rule.startswith("!")]
    for copied in dockerfile(service).all("COPY"):
        *sources, _ = copied.split()
        for source in sources if not sources[0].startswith("--from=") else ():
            files = list(ROOT.glob(source))
            assert files, f"{source} is missing"
            for file in files:
                path = str(file.relative_to(ROOT))
                assert any(fnmatch(path, rule) or path.startswith(f"{rule}/") for rule in shown), f"{path} is ignored"


@services
def test_an_image_runs_as_a_normal_user_and_receives_signals(service: str) -> None:
    final = dockerfile(service).final
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", final.all("USER")[-1]), "Kubernetes can tell that this is not root"
    assert argv(final.all("ENTRYPOINT")[-1]) == ["python", "-m", f"services.{service}"]
    assert not final.all("CMD")


@services
def test_an_image_has_a_health_check(service: str) -> None:
    program, option, module = argv(dockerfile(service).final.all("HEALTHCHECK")[-1])
    assert (program, option) == ("python", "-m")
    assert find_spec(module)


@services
def test_an_image_sets_only_variables_that_its_service_reads(service: str) -> None:
    names = set(dockerfile(service).final.environment)
    assert {"HOST", "PORT", "STORAGE_URL"} <= names
    assert names <= settings_of(service) | RUNTIME_VARIABLES | LIBRARY_VARIABLES


@services
def test_an_image_has_the_oci_labels(service: str) -> None:
    labels = " ".join(dockerfile(service).final.all("LABEL"))
    for label in ("title", "version", "revision", "source", "licenses"):
        assert f"org.opencontainers.image.{label}=" in labels


@services
def test_a_service_runs_with_only_its_own_packages(service: str, tmp_path: Path) -> None:
    lay_out(closure(service, *EMBEDDED.get(service, ())), tmp_path)
    modules = ", ".join((f"services.{service}.__main__", *ENGINES[service]))
    # -S: without this environment's own site-packages.
    subprocess.run(
        [sys.executable, "-S", "-c", f"import {modules}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )


@services
def test_no_image_contains_a_database(service: str) -> None:
    assert {"embedded-separator", "embedded-transcriber"} <= set(EXTRAS)
    assert not any("fiftyone" in name or "mongod" in name for name in closure(service, *EMBEDDED.get(service, ())))


@pytest.mark.parametrize("service", ["gateway", "status"])
def test_a_service_without_an_engine_is_small(service: str) -> None:
    assert 20_000_000 < packages_bytes(closure(service)) < LIMIT_BYTES, "above the limit, or nothing was found"


@services
def test_everything_in_an_image_is_locked(service: str) -> None:
    locked = {name.lower() for lock in ("requirements.lock", "requirements.torch-cpu.lock") for name in pins(lock)}
    assert closure(service, *EMBEDDED.get(service, ())) <= locked


def test_both_torch_locks_have_one_version_and_do_not_overlap_with_the_main_lock() -> None:
    cpu, cuda = pins("requirements.torch-cpu.lock"), pins("requirements.torch-cuda.lock")
    (torch,) = (rule for rule in OVERRIDES if rule.name == "torch")
    assert cpu["torch"] == f"{cuda['torch']}+cpu"
    assert cuda["torch"] in torch.specifier
    assert not set(cuda) & set(pins("requirements.lock"))


def test_compose_builds_every_service_and_sets_only_known_variables() -> None:
    built = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
    assert set(built) == set(NAMES)
    known = set().union(*map(settings_of, NAMES))
    for name, service in built.items():
        assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert f"{name}.Dockerfile" in service["build"]["dockerfile"]
        assert set(service["environment"]) <= known
        assert {"AMQP_URL", "STATUS_URL", "MONGO_URL"} & settings_of(name) <= set(service["environment"])


def test_the_build_script_documents_its_options() -> None:
    usage = subprocess.run([ROOT / "deploy/images/build", "--help"], check=True, capture_output=True, text=True).stdout
    for option in ("--cuda", "--embedded", "--tag", "--engine", "--local-base"):
        assert option in usage
