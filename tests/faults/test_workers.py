"""Workers and computations that are killed, hang, crash and restart without losing a job."""

import pytest

from shared.events import TaskCompleted, TaskFailed
from shared.tasks import Task
from tests.faults.engines import DRUMS
from tests.faults.system import System


def test_a_worker_is_killed_during_a_task(system: System) -> None:
    job = system.submit(model="seconds-3")
    system.until_working(job)
    system.children["separator"].kill()
    system.strike()
    system.start("separator")
    assert system.until_ended(job) == ["completed"]
    assert system.task(job)["attempt"] == 2


@pytest.mark.slow
def test_a_worker_is_killed_during_a_refinement(system: System) -> None:
    job = system.submit(model="seconds-3", tasks="stem_separation,beat_analysis")
    beats = system.folder / "storage" / job / "beats.json"
    assert system.until_ended(job) == ["completed"]
    system.until(lambda: system.says("beats", job, "refinement started"))
    system.children["beats"].kill()
    system.strike()
    assert (system.document(job)["status"], system.task(job, "beat_analysis")["refined"]) == ("completed", False)
    assert beats.read_bytes() != DRUMS
    system.start("beats")
    system.until(lambda: system.task(job, "beat_analysis")["refined"])
    assert (system.document(job)["status"], system.task(job, "beat_analysis")["attempt"]) == ("completed", 2)
    assert beats.read_bytes() == DRUMS
    events = [event for event in system.tap.heard(job) if isinstance(event, TaskCompleted | TaskFailed)]
    assert [event.type for event in events if event.task is Task.BEAT_ANALYSIS] == ["task_completed"] * 2


@pytest.mark.slow
def test_a_worker_receives_sigterm_during_a_task_and_finishes_it(system: System) -> None:
    job = system.submit(model="seconds-3")
    system.until_working(job)
    system.strike()
    system.children["separator"].end(grace_seconds=20)
    assert system.task(job)["status"] == "completed"
    system.start("separator")
    assert system.until_ended(job) == ["completed"]
    assert system.task(job)["attempt"] == 1


@pytest.mark.slow
def test_a_task_is_returned_by_more_workers_than_it_has_attempts(system: System) -> None:
    system.start("separator", GRACE_SECONDS=0.1)
    job = system.submit(model="seconds-4")
    for attempt in range(1, 7):
        system.until_attempt(job, attempt)
        system.children["separator"].end()
        system.strike()
        system.start("separator", GRACE_SECONDS=0.1 if attempt < 6 else 10)
    assert system.until_ended(job) == ["completed"]


@pytest.mark.slow
def test_a_computation_crashes_every_time(system: System) -> None:
    system.strike()
    job, other = system.submit(model="segfault"), system.submit()
    assert system.until_ended(job, other) == ["failed", "completed"]
    assert system.task(job)["attempt"] == 4
    assert system.task(job)["error_code"] == "compute_failed"


@pytest.mark.slow
def test_a_computation_hangs(system: System) -> None:
    system.start("separator", DEADLINE_SECONDS=0.1)  # plus five times the song's length, 6 s
    system.strike()
    job, other = system.submit(model="hang"), system.submit(tasks="beat_analysis")
    assert system.until_ended(job, other, within=150) == ["failed", "completed"]
    assert system.task(job)["error_code"] == "deadline"


@pytest.mark.slow
def test_a_computation_runs_out_of_memory(system: System) -> None:
    system.strike()
    job, other = system.submit(model="memory"), system.submit()
    assert system.until_ended(job, other) == ["failed", "completed"]
    assert system.task(job)["error_code"] == "out_of_memory"


@pytest.mark.slow
def test_a_song_kills_every_worker_that_receives_it(system: System) -> None:
    job, other = system.submit(model="killer"), system.submit()
    system.strike()

    def ended() -> bool:
        if not system.running("separator"):
            system.start("separator")
            return False
        return system.document(job).get("status") == "failed"

    system.until(ended)
    assert system.task(job)["error_code"] == "worker_died"
    assert system.until_ended(other) == ["completed"]


@pytest.mark.slow
def test_two_clocks_are_an_hour_wrong(system: System) -> None:
    system.start("status", SILENCE_MINUTES=0.1)
    system.start("separator", CLOCK_AHEAD_SECONDS=-3600)
    system.start("beats", CLOCK_AHEAD_SECONDS=3600)
    system.until(system.ready)
    system.strike()
    jobs = [system.submit(model="seconds-2") for _ in range(3)]
    assert system.until_ended(*jobs) == ["completed"] * 3


@pytest.mark.slow
def test_every_service_is_restarted_one_by_one_under_load(system: System) -> None:
    for name in ("gateway-2", "separator-2", "transcriber-2", "beats-2", "status-2"):
        system.start(name)
    system.until(lambda: system.ready(system.children))
    for name in [*system.children]:
        system.post(gateway="gateway-2" if name == "gateway" else "gateway", model="seconds-1").raise_for_status()
        system.strike()
        system.children[name].end(grace_seconds=20)
        system.post(gateway="gateway-2" if name == "gateway" else "gateway", model="seconds-1").raise_for_status()
        system.start(name)
        system.until_ready(name)
    assert set(system.until_ended(*system.accepted)) == {"completed"}
