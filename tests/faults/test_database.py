"""Outages of the database, after which status catches up."""

import json
import time

import pytest

from tests.faults.system import System


@pytest.mark.parametrize("seconds_away", [0, pytest.param(60, marks=pytest.mark.slow)], ids=["killed", "for a minute"])
def test_the_database_is_unavailable(system: System, seconds_away: float) -> None:
    job = system.submit(model="seconds-2")
    system.until_working(job)
    system.database._server.kill()
    other = system.submit()  # accepted without the database
    away_until = time.monotonic() + seconds_away
    while time.monotonic() < away_until:
        assert system.alive()
        assert not system.ready(["status"])
    system.database._server.start()
    system.database.wait()
    system.strike()
    assert system.until_ended(job, other) == ["completed"] * 2


def test_a_clients_event_stream_shows_the_end_after_an_outage(system: System) -> None:
    job = system.submit(model="seconds-2")
    with system.http.stream("GET", f"{system.url()}/api/status/{job}/events", timeout=60) as answer:
        documents = (json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data"))
        assert next(documents)["job_id"] == job
        system.until_working(job)
        system.database._server.kill()
        system.database._server.start()
        system.database.wait()
        system.strike()
        assert [*documents][-1]["status"] == "completed"
