"""The rule of CONTRIBUTING.md: tests share code through conftest.py files and plain modules."""

import ast
from pathlib import Path

from tests.conftest import ROOT

FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_no_module_imports_a_test_module() -> None:
    modules = {".".join(path.with_suffix("").parts) for path in FILES if path.name.startswith("test_")}
    found = {str(file): [n for n in imported(file) if {n, n.rpartition(".")[0]} & modules] for file in FILES}
    assert {file: names for file, names in found.items() if names} == {}
