"""What is killed under the real five services, at work on the real sample song, comes back, and no job is lost."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from deploy.local.stack import Stack, stack
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

SONG = ROOT / "tests" / "song" / "river_town.ogg"
MODELS = {"DEMUCS_MODEL": "embedded", "WHISPER_MODEL": "base", "GRACE_SECONDS": "60"}


class System:
    def __init__(self, broker: Broker, database: Database, services: Stack) -> None:
        self.broker = broker
        self.database = database
        self.services = services

    def submit(self, **options: str) -> str:
        with SONG.open("rb") as file:
            answer = httpx.post(f"{self.services.url}/api/process", files={"file": file}, data=options, timeout=60)
        return str(answer.raise_for_status().json()["job_id"])

    def document(self, job_id: str) -> dict[str, Any]:
        """Empty while the status service cannot answer."""
        answer = httpx.get(f"{self.services.url}/api/status/{job_id}", timeout=30)
        document: dict[str, Any] = answer.json() if answer.is_success else {}
        return document

    def until(self, wanted: Callable[[], object], within: float = 150) -> None:
        deadline = time.monotonic() + within
        while not wanted():
            assert time.monotonic() < deadline, "nothing came of it"
            time.sleep(0.1)

    def until_separating(self, job_id: str) -> None:
        self.until(lambda: self.document(job_id).get("stem_separation", {}).get("status") == "processing")

    def completed(self, *job_ids: str) -> list[dict[str, Any]]:
        self.until(lambda: all(self.document(job_id).get("status") in ("completed", "failed") for job_id in job_ids))
        documents = [self.document(job_id) for job_id in job_ids]
        assert [document["error_message"] for document in documents] == [None] * len(job_ids)
        return documents

    def alive(self) -> bool:
        return all(httpx.get(f"{each.url}/livez").is_success for each in self.services.services.values())

    def ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return all(httpx.get(f"{each.url}/readyz").is_success for each in self.services.services.values())
        return False


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("faults")
    with contextlib.ExitStack() as ending:
        broker, database = Broker(folder / "broker"), Database(folder / "database")
        for server in (broker, database):
            ending.callback(server.end)
            server.start()
            server.wait()
        urls = {"AMQP_URL": broker.url, "MONGO_URL": database.url}
        services = ending.enter_context(stack(folder, {**urls, **MODELS}))
        services.wait()
        yield System(broker, database, services)


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid), "-f", "spawn_main"], capture_output=True, text=True, check=True)
    return [int(line) for line in found.stdout.split()]


def test_a_job_survives_its_worker_being_killed(system: System) -> None:
    job_id = system.submit()
    system.until_separating(job_id)
    separator = system.services.children["separator"]
    separator.kill()
    separator.start()
    (document,) = system.completed(job_id)
    assert document["stem_separation"]["attempt"] == 2


def test_a_job_survives_its_computation_being_killed(system: System) -> None:
    job_id = system.submit()
    system.until_separating(job_id)
    for child in children_of(system.services.children["separator"].pid):
        os.kill(child, signal.SIGKILL)
    (document,) = system.completed(job_id)
    assert document["stem_separation"]["attempt"] == 2


def test_a_worker_told_to_stop_finishes_its_task_first(system: System) -> None:
    job_id = system.submit()
    system.until_separating(job_id)
    separator = system.services.children["separator"]
    separator.end(grace_seconds=90)
    assert system.document(job_id)["stem_separation"]["status"] == "completed"
    separator.start()
    (document,) = system.completed(job_id)
    assert document["stem_separation"]["attempt"] == 1


def test_jobs_survive_the_broker_being_killed_under_them(system: System) -> None:
    jobs = [system.submit(tasks="beat_analysis,stem_separation") for _ in range(3)]
    system.until_separating(jobs[0])
    system.broker._server.kill()
    system.until(lambda: not system.ready())
    assert system.alive()
    refused = httpx.post(f"{system.services.url}/api/process", files={"file": SONG.read_bytes()}, timeout=60)
    assert refused.status_code == 503
    system.broker._server.start()
    system.broker.wait()
    system.completed(*jobs)
    system.until(system.ready)


def test_jobs_survive_the_database_being_killed_under_them(system: System) -> None:
    job_id = system.submit()
    system.until_separating(job_id)
    system.database._server.kill()
    assert system.alive()
    other = system.submit(tasks="beat_analysis")  # accepted all the same
    system.database._server.start()
    system.completed(job_id, other)


def test_a_cancelled_job_stops_computing_at_once_and_the_next_one_runs(system: System) -> None:
    job_id, other = system.submit(), system.submit(tasks="stem_separation")
    system.until_separating(job_id)
    (child,) = children_of(system.services.children["separator"].pid)
    assert httpx.delete(f"{system.services.url}/api/jobs/{job_id}", timeout=30).status_code == 204
    system.until(lambda: not Path(f"/proc/{child}").exists(), within=2)
    assert system.document(job_id)["error_code"] == "cancelled"
    system.completed(other)


def test_every_line_about_these_jobs_is_structured(system: System) -> None:
    for name, child in system.services.children.items():
        lines = [line for line in child.log.read_text().splitlines() if '"job_id"' in line]
        assert lines, name
        assert all(json.loads(line)["service"] == name for line in lines)
