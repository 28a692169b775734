"""Outages of the storage: no accepted job fails, and none is done twice."""

import time

import pytest

from tests.faults.system import System
from tests.outage import unavailable


@pytest.mark.parametrize("seconds", [2, pytest.param(100, marks=pytest.mark.slow)], ids=["briefly", "for 100 s"])
def test_the_storage_is_unavailable(system: System, seconds: float) -> None:
    running = system.submit(model="seconds-2", tasks="stem_separation")
    system.until_working(running)
    system.proxies["beats"].hold(up=False)  # the worker gets the task during the outage
    waiting = system.submit(tasks="beat_analysis")
    with unavailable(system.folder / "storage"):
        system.proxies["beats"].mend()
        until = time.monotonic() + seconds
        system.until(lambda: not system.ready(["beats"]))
        answer = system.post()
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert int(answer.headers["retry-after"]) > 0
        while time.monotonic() < until:
            assert system.alive()
            assert system.ready(["gateway", "status"])
    system.strike()
    assert system.until_ended(running, waiting) == ["completed"] * 2
    assert system.task(running)["attempt"] == system.task(waiting, "beat_analysis")["attempt"] == 1
    system.until(system.ready)
