"""JavaScript clients with the live services: the three of the published guide, unchanged, and our examples."""

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import ROOT, need

CLIENTS = ROOT / "tests" / "clients"


@pytest.fixture(scope="session")
def node() -> str:
    path = shutil.which("node") or ""
    need("Node.js", there=bool(path))
    need("tests/clients/node_modules", there=(CLIENTS / "node_modules").is_dir())
    return path


@pytest.fixture(scope="package")
def report(node: str, gateway_url: str, short_song: Path, tmp_path_factory: pytest.TempPathFactory) -> ET.Element:
    """Run all clients at the same time, since the guide's poll every 3 seconds, and return their JUnit report."""
    return _run(
        node,
        ["guide.test.js", "examples.test.js"],
        tmp_path_factory.mktemp("clients") / "junit.xml",
        {"BASE_URL": gateway_url, "SONG": str(short_song)},
    )


@pytest.mark.parametrize("outcome", ["completed", "failed"])
@pytest.mark.parametrize("client", ["React hook", "Vue component", "plain class"])
@pytest.mark.parametrize("suite", ["guide", "example"])
def test_a_client_follows_a_job_to_its_end(report: ET.Element, suite: str, client: str, outcome: str) -> None:
    case = report.find(f".//testsuite[@name='{suite}']/testcase[@name='{client}: {outcome}']")
    assert case is not None, ET.tostring(report, encoding="unicode")
    if (skipped := case.find("skipped")) is not None:
        pytest.skip(skipped.get("message", ""))
    assert case.find("failure") is None, case.findtext("failure")


def test_the_example_clients_poll_as_documented(node: str, tmp_path: Path) -> None:
    report = _run(node, ["monitor.test.js"], tmp_path / "junit.xml", {})
    assert report.findall(".//testsuite[@name='monitor']/testcase")
    assert [case.text for case in report.iter("failure")] == []


def _run(node: str, files: list[str], junit: Path, env: dict[str, str]) -> ET.Element:
    reporter = ["--test-reporter=junit", f"--test-reporter-destination={junit}"]
    subprocess.run(
        [node, "--test", "--test-concurrency=2", *reporter, *files],
        cwd=CLIENTS,
        env={**os.environ, **env},
        check=False,
        timeout=240,
    )
    return ET.parse(junit).getroot()
