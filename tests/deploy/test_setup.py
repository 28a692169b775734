"""The scripts that prepare a machine."""

import re

import pytest

from tests.conftest import ROOT

INSTALLS = re.compile(r'pip install|"\$\{install\[@\]\}"')
ALLOWED = ("local install=", "--editable .")
"""The start of a command, and this project itself."""


@pytest.mark.parametrize("script", ["setup", "npm"])
def test_packages_are_installed_only_by_hash(script: str) -> None:
    lines = (ROOT / "deploy" / "local" / script).read_text().splitlines()
    installs = [line for line in lines if INSTALLS.search(line) and not any(text in line for text in ALLOWED)]
    assert installs
    assert [line for line in installs if "--require-hashes" not in line] == []
