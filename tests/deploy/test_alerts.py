"""Alerts and dashboard pass promtool, and the metrics that they use exist."""

import asyncio
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aio_pika
import pytest
import yaml
from prometheus_client import generate_latest

import shared.telemetry.metrics  # noqa: F401 -- names all metrics
from deploy.local.broker import Broker
from shared.broker import topology
from tests.conftest import ROOT, need

MONITORING = ROOT / "deploy" / "k8s" / "components" / "monitoring"
CASES = Path(__file__).with_name("alerts.yaml")
OPERATIONS = ROOT / "docs" / "operations.md"
SUFFIXES = ("_bucket", "_sum", "_count")
OF_PROMETHEUS = {"up", "ALERTS"}
OF_LINUX = {"process_resident_memory_bytes"}


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((MONITORING / name).read_text()))


def rules() -> list[dict[str, Any]]:
    (alerts,) = documents("alerts.yaml")
    return [rule for group in alerts["spec"]["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((MONITORING / "karaoke.json").read_text())
    return found


def dashboard_expressions() -> list[str]:
    """Return the dashboard's queries, with Grafana's one variable replaced as Grafana does."""
    queries = [query["expr"] for panel in dashboard()["panels"] for query in panel.get("targets", ())]
    return [query.replace("$__rate_interval", "1m") for query in queries]


def names(expression: str) -> set[str]:
    """Return the names of the metrics in an expression."""
    without_labels = re.sub(r"{[^}]*}|\b(by|on|without|ignoring) \([^)]*\)", "", expression)
    return set(re.findall(r"\b(?:karaoke|rabbitmq|process)_\w+|\bup\b|\bALERTS\b", without_labels))


def metrics(exposed: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\w+)", exposed, re.MULTILINE))


@pytest.fixture
def promtool(tmp_path: Path) -> Callable[..., str]:
    """Run promtool in a folder with the alerts as `rules.yaml`, and return its output."""
    need("promtool", there=shutil.which("promtool") is not None)
    (alerts,) = documents("alerts.yaml")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(alerts["spec"]))

    def run(*arguments: str) -> str:
        ran = subprocess.run(["promtool", *arguments], cwd=tmp_path, check=False, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return run


@pytest.fixture(scope="module")
def broker_metrics(tmp_path_factory: pytest.TempPathFactory, amqp_url: str) -> set[str]:
    """The metrics that a real broker exposes to the PodMonitor; `amqp_url` skips the test without a broker."""
    broker = Broker(tmp_path_factory.mktemp("metrics") / "broker", metrics=True)
    broker.start()
    try:
        broker.wait()
        asyncio.run(declare(broker.url))
        _, endpoint = documents("podmonitors.yaml")[1]["spec"]["podMetricsEndpoints"]
        families = "&".join(f"family={family}" for family in endpoint["params"]["family"])
        deadline = time.monotonic() + 30
        while 'queue="separator"' not in (detailed := read(f"{broker.metrics_url}/detailed?{families}")):
            assert time.monotonic() < deadline, "the broker has no metrics of the queue"
            time.sleep(0.5)
        return metrics(detailed) | metrics(read(broker.metrics_url))
    finally:
        broker.end()


async def declare(url: str) -> None:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await topology.declare(channel)


def read(url: str) -> str:
    with urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_promtool_accepts_the_alerts(promtool: Callable[..., str]) -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", "rules.yaml")


def test_alerts_fire_exactly_when_expected(promtool: Callable[..., str], tmp_path: Path) -> None:
    shutil.copy(CASES, tmp_path / "cases.yaml")
    assert "SUCCESS" in promtool("test", "rules", "cases.yaml")


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    asked = [case for test in yaml.safe_load(CASES.read_text())["tests"] for case in test.get("promql_expr_test", ())]
    fired = {name for name in (rule["alert"] for rule in rules()) for case in asked if is_about(case, name, fires=True)}
    quiet = {
        name for name in (rule["alert"] for rule in rules()) for case in asked if is_about(case, name, fires=False)
    }
    assert fired == quiet == {rule["alert"] for rule in rules()}


def is_about(case: dict[str, Any], alert: str, *, fires: bool) -> bool:
    return f'alertname="{alert}"' in case["expr"] and bool(case["exp_samples"]) is fires


def test_promtool_accepts_every_expression_of_the_dashboard(promtool: Callable[..., str], tmp_path: Path) -> None:
    asked = [{"record": f"panel:{index}", "expr": query} for index, query in enumerate(dashboard_expressions())]
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": asked}]}))
    assert f"{len(asked)} rules found" in promtool("check", "rules", "asked.yaml")


def test_every_metric_of_alerts_and_panels_exists(broker_metrics: set[str]) -> None:
    ours = metrics(generate_latest().decode())
    ours |= {name + suffix for name in ours for suffix in SUFFIXES}
    ours |= OF_LINUX | OF_PROMETHEUS
    for expression in [rule["expr"] for rule in rules()] + dashboard_expressions():
        assert names(expression), expression
        assert not names(expression) - ours - broker_metrics, expression


def test_the_dashboard_shows_the_metrics_of_every_alert() -> None:
    shown = {name for expression in dashboard_expressions() for name in names(expression)}
    unseen = {name for rule in rules() for name in names(rule["expr"])} - shown
    assert unseen <= {"rabbitmq_alarms_memory_used_watermark", "rabbitmq_alarms_free_disk_space_watermark"}


def test_every_alert_has_a_severity_and_a_runbook() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    said = re.findall(r"^\| `(Karaoke\w+)` \| [^|]{20,} \| [^|]{20,} \|$", OPERATIONS.read_text(), re.MULTILINE)
    assert sorted(said) == sorted(rule["alert"] for rule in rules())
    assert "\n### Alerts\n" in OPERATIONS.read_text(), "the runbook links of the alerts point there"


def test_every_metric_is_documented() -> None:
    ours = {name for name in metrics(generate_latest().decode()) if name.startswith("karaoke_")}
    ours = {name for name in ours if not name.endswith("_created")}
    assert ours == set(re.findall(r"`(karaoke_\w+)[`{]", OPERATIONS.read_text()))


def test_prometheus_finds_the_pods_of_every_service() -> None:
    services = documents("podmonitors.yaml")[0]["spec"]
    (named,) = services["selector"]["matchExpressions"]
    assert set(named["values"]) == {path.parent.name for path in ROOT.glob("services/*/__main__.py")}
    assert [(each["port"], each["path"]) for each in services["podMetricsEndpoints"]] == [("http", "/metrics")]


def test_the_component_renders(tmp_path: Path) -> None:
    kubectl = shutil.which("kubectl", path=str(ROOT / ".venv" / "bin")) or shutil.which("kubectl")
    need("kubectl", there=kubectl is not None)
    shutil.copytree(MONITORING, tmp_path / "monitoring")
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    overlay_file = {"namespace": "singing", "components": ["../monitoring"]}
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(overlay_file))
    rendered = subprocess.run([str(kubectl), "kustomize", str(overlay)], check=True, capture_output=True, text=True)
    kinds = {each["kind"]: each for each in yaml.safe_load_all(rendered.stdout)}
    assert set(kinds) == {"ConfigMap", "PodMonitor", "PrometheusRule"}
    assert {each["metadata"]["namespace"] for each in kinds.values()} == {"singing"}
    assert kinds["ConfigMap"]["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert json.loads(kinds["ConfigMap"]["data"]["karaoke.json"]) == dashboard()
