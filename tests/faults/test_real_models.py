"""Faults of the five real services while they process the sample song."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults.system import System

pytestmark = pytest.mark.slow

SONG = ROOT / "tests" / "song" / "river_town.ogg"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, amqp_url: str, mongo_url: str) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("real"), models={"DEMUCS_MODEL": "embedded"}, song=SONG.read_bytes())
    try:
        system.begin()
        yield system
    finally:
        system.end()


def computation(system: System) -> int:
    """Return the process id of the separator's child process."""
    command = ["pgrep", "-P", str(system.children["separator"].pid), "-f", "spawn_main"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_separator_is_killed(system: System) -> None:
    job = system.submit()
    system.until_working(job)
    system.children["separator"].kill()
    system.strike()
    system.start("separator")
    assert system.until_ended(job) == ["completed"]
    assert system.task(job)["attempt"] == 2


def test_a_separation_is_killed(system: System) -> None:
    job = system.submit()
    system.until_working(job)
    os.kill(computation(system), signal.SIGKILL)
    system.strike()
    assert system.until_ended(job) == ["completed"]
    assert system.task(job)["attempt"] == 2


def test_a_separator_receives_sigterm_and_finishes_its_song(system: System) -> None:
    system.start("separator", GRACE_SECONDS=60)
    system.until_ready("separator")
    job = system.submit()
    system.until_working(job)
    system.strike()
    system.children["separator"].end(grace_seconds=90)
    assert system.task(job)["status"] == "completed"
    system.start("separator")
    assert system.until_ended(job) == ["completed"]
    assert system.task(job)["attempt"] == 1


def test_the_broker_is_killed_while_all_models_run(system: System) -> None:
    jobs = [system.submit() for _ in range(3)]
    system.until_working(jobs[0])
    system.broker._server.kill()
    system.until(lambda: not system.ready())
    assert system.alive()
    system.broker._server.start()
    system.broker.wait()
    system.strike()
    assert system.until_ended(*jobs, within=300) == ["completed"] * 3


def test_a_separation_is_cancelled_it_stops_immediately_and_the_next_song_starts(system: System) -> None:
    job, other = system.submit(), system.submit(tasks="stem_separation")
    system.until_working(job)
    child = computation(system)
    system.strike()
    assert system.http.delete(f"{system.url()}/api/jobs/{job}").status_code == 204
    system.until(lambda: not Path(f"/proc/{child}").exists(), within=2)
    assert system.document(job)["error_code"] == "cancelled"
    assert system.until_ended(other) == ["completed"]


def test_every_log_line_about_these_jobs_is_structured(system: System) -> None:
    for name, child in system.children.items():
        lines = [line for line in child.log.read_text().splitlines() if '"job_id"' in line]
        assert lines, name
        assert all(json.loads(line)["service"] == name for line in lines)
