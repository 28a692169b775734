"""Goals, tables and plots of the figures, with invented measurements."""

import json
from itertools import product
from typing import Any

import pytest
from matplotlib.figure import Figure as Picture

from bench import report
from bench.clients import WRK_MODES
from bench.figure import Figure, Goal, Measured
from bench.figures import FIGURES, event_path, folding, memory, polling, scale, song
from tests.conftest import ROOT

BENCH = ROOT / "bench"
RESULTS: dict[str, Any] = json.loads((BENCH / "results.json").read_text("utf-8"))


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_has_a_table_and_a_plot_of_the_stored_results(name: str) -> None:
    figure: Figure = FIGURES[name]
    measured, picture = RESULTS[name]["measured"], Picture(figsize=(7, 3), layout="constrained")
    figure.plot(measured, picture)
    assert picture.axes
    assert "---" in figure.table(measured)
    assert all(goal.met for goal in figure.goals(measured))


def test_the_page_is_generated_from_the_stored_results(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_plot", lambda *_: None)
    report.write(tmp_path, FIGURES, RESULTS)
    page = (BENCH / "README.md").read_text("utf-8")
    assert (tmp_path / "README.md").read_text("utf-8") == page, "run `python -m bench --only-page`"


def test_a_goal_is_met_within_its_limits() -> None:
    assert Goal("", 1, at_most=1, at_least=1).met
    assert not Goal("", 2, at_most=1).met
    assert not Goal("", 0, at_least=1).met


def test_processor_times_of_a_job_are_added_up() -> None:
    cost = {"workers_ms": 40.0, "broker_ms": 10.0, "client_ms": 1.0}
    measured: Measured = {
        "loads": {
            "ours": [{**cost, "jobs_per_second": 20.0, "services_ms": 9.0, "database_ms": 5.0}],
            "Celery": [{**cost, "jobs_per_second": 30.0, "redis_ms": 2.0}],
        },
        "alone_ms": {"ours": [50.0, 60.0, 70.0], "Celery": [40.0, 41.0, 42.0]},
        "delays_ms": RESULTS["event_path"]["measured"]["delays_ms"],
    }
    rows = event_path.table(measured).splitlines()
    assert rows[2] == "| ours | 20.0 | 65.0 | 40.0 | 9.0 | 10.0 | 5.0 | 1.0 | 60 ms | 70 ms |"
    assert rows[3] == "| Celery | 30.0 | 53.0 | 40.0 | 0.0 | 10.0 | 2.0 | 1.0 | 41 ms | 42 ms |"


@pytest.mark.parametrize(("status", "met"), [(59.0, False), (61.0, True)])
def test_status_must_reach_six_tenths_of_a_bare_route(status: float, met: bool) -> None:  # noqa: FBT001 -- a test's parameter
    rates = {"status": status, "bare route": 100.0}
    per_second = {f"{name}, {code}, {n}": [rates[name]] for name, code, n in product(rates, WRK_MODES, polling.SECONDS)}
    assert [goal.met for goal in polling.goals({"per_second": per_second})] == [met] * 3


@pytest.mark.parametrize(("rate", "met"), [(4900, False), (5100, True)])
def test_folding_must_be_half_as_fast_as_a_bare_consumer(rate: float, met: bool) -> None:  # noqa: FBT001 -- a test's parameter
    measured = {"events_per_second": {"status": [rate] * 3, folding.CONSUMER: [10_000] * 3}}
    assert [goal.met for goal in folding.goals(measured)] == [met]


def test_workers_must_scale_nearly_linearly() -> None:
    tasks = {"1": [1.0, 0.9, 1.1], "2": [2.0], "4": [3.6], "8": [8.0]}
    assert [goal.met for goal in scale.goals({"tasks_per_second": tasks})] == [True, False, True]


def test_memory_growth_is_that_of_the_service_that_grows_most() -> None:
    jobs = {"50": {"status": 80.0, "gateway": 70.0}, "200": {"status": 88.0, "gateway": 70.0}}
    growth, uploads = memory.goals({"after_jobs_megabytes": jobs, "uploads_megabytes": [120.0, 160.0, 130.0]})
    assert growth.value == pytest.approx(1.1)
    assert not growth.met
    assert uploads.value == 130.0


def test_a_song_is_compared_in_the_rounds_in_which_both_programs_ran() -> None:
    runs = {"seconds": {"ours": [10.0, 11.0], "limit": [10.0, 10.0], "commands": [40.0]}}
    queue = {"songs": 10, "span_seconds": 50.0, "busy_seconds": 49.0}
    limit, commands, _, busy = song.goals({song.EMBEDDED: runs, song.FULL: runs, "queue": queue})
    assert (limit.value, commands.value, busy.value) == pytest.approx((1.05, 0.25, 98))
