"""The trace of one song across real services, as a collector receives it."""

import json
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.stack import Stack
from tests.collector import Collector, Sent

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
"""Trace id of the client."""

LAST = {"POST /api/process", "attempt beat_analysis", "fold task_completed"}
"""Last span of each service."""


@pytest.fixture(scope="module")
def job_id(services: Stack, song: Path) -> str:
    """Submit a song with the client's trace and return the id of the completed job."""
    with httpx2.Client(base_url=services.url, timeout=60) as client:
        answer = client.post(
            "/api/process",
            files={"file": song.open("rb")},
            data={"tasks": "beat_analysis"},
            headers={"traceparent": f"00-{CALLER}-00f067aa0ba902b7-01"},
        )
        job_id = str(answer.json()["job_id"])
        deadline = time.monotonic() + 300
        while client.get(f"/api/status/{job_id}").json()["status"] != "completed":
            assert time.monotonic() < deadline
            time.sleep(0.3)
    return job_id


@pytest.fixture(scope="module")
def trace(job_id: str, collector: Collector) -> dict[str, Sent]:
    """Return the job's spans by name, from the upload to the fold of its end."""
    deadline = time.monotonic() + 30
    while not (spans := by_name(collector.spans)).keys() >= LAST:
        assert time.monotonic() < deadline, collector.spans
        time.sleep(0.1)
    return spans


def by_name(spans: list[Sent]) -> dict[str, Sent]:
    own = [span for span in spans if span.trace == CALLER]
    return {f"{span.name} {span.attributes.get('type', '')}".strip(): span for span in own}


def test_a_job_is_one_trace_through_all_services(trace: dict[str, Sent], job_id: str, collector: Collector) -> None:
    about_it = [span for span in collector.spans if span.attributes.get("job_id") == job_id]
    assert {span.trace for span in about_it} == {CALLER}
    names = {name: span.service for name, span in trace.items()}
    assert names == {
        "POST /api/process": "karaoke-gateway",
        "publish job_submitted job_submitted": "karaoke-gateway",
        "fold job_submitted": "karaoke-status",
        "attempt beat_analysis": "karaoke-beats",
        "publish task_started task_started": "karaoke-beats",
        "fold task_started": "karaoke-status",
        "load": "karaoke-beats",
        "compute": "karaoke-beats",
        "write": "karaoke-beats",
        "publish task_completed task_completed": "karaoke-beats",
        "fold task_completed": "karaoke-status",
    }
    assert {span.attributes["job_id"] for span in trace.values() if "job_id" in span.attributes} == {job_id}


def test_the_parent_of_each_span_is_its_cause(trace: dict[str, Sent]) -> None:
    causes = {
        "publish job_submitted job_submitted": "POST /api/process",
        "fold job_submitted": "publish job_submitted job_submitted",
        "attempt beat_analysis": "publish job_submitted job_submitted",
        "load": "attempt beat_analysis",
        "compute": "attempt beat_analysis",
        "write": "attempt beat_analysis",
        "publish task_completed task_completed": "write",
        "fold task_completed": "publish task_completed task_completed",
    }
    assert {name: trace[name].parent for name in causes} == {name: trace[cause].id for name, cause in causes.items()}


def test_log_lines_about_the_job_name_its_trace(trace: dict[str, Sent], services: Stack, job_id: str) -> None:
    for name in ("gateway", "status", "beats"):
        about = [line for line in log_lines(services, name) if line.get("job_id") == job_id]
        assert about, name
        assert {line.get("trace_id") for line in about} == {CALLER}
    (done,) = [
        line
        for line in log_lines(services, "status")
        if line.get("type") == "task_completed" and line.get("job_id") == job_id
    ]
    assert (done["task"], done["attempt"]) == ("beat_analysis", 1)


def log_lines(services: Stack, service: str) -> list[dict[str, Any]]:
    text = services.children[service].log.read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
