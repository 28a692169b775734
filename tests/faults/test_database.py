"""The database dies and stays away, and status catches up."""

import time

import pytest

from tests.faults.system import System


@pytest.mark.parametrize("seconds_away", [0, pytest.param(60, marks=pytest.mark.slow)], ids=["killed", "for a minute"])
def test_the_database_goes_away(system: System, seconds_away: float) -> None:
    job = system.submit(model="seconds-2")
    system.until_working(job)
    system.database._server.kill()
    other = system.submit()  # accepted all the same
    away_until = time.monotonic() + seconds_away
    while time.monotonic() < away_until:
        assert system.alive()
        assert not system.ready(["status"])
    system.database._server.start()
    system.database.wait()
    system.strike()
    assert system.until_ended(job, other) == ["completed"] * 2
