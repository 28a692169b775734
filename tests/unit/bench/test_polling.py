import shutil
from itertools import product
from pathlib import Path

import pytest
from matplotlib.figure import Figure as Picture

from bench.figure import Measured
from bench.figures import folding, polling
from bench.pollers import MODES, Pollers
from bench.stories import beginnings, stories
from deploy.local.child import StartError
from shared.events import JobSubmitted, Task
from shared.job import fold_all
from shared.view import view


def _polled(of_status: float) -> Measured:
    rates = {"status": of_status, "gateway": 50.0, "bare route": 100.0, "bare uvicorn": 400.0}
    cells = {f"{side}, {code}, {n}": [rate] * 3 for (side, rate), code, n in _cells(rates)}
    return {"per_second": cells, "p99_ms": {cell: [1.5, 2.5, 3.5] for cell in cells}}


def _cells(rates: dict[str, float]) -> "product[tuple[tuple[str, float], str, int]]":
    return product(rates.items(), MODES, polling.SECONDS)


@pytest.mark.parametrize(("of_status", "met"), [(59.0, False), (61.0, True)])
def test_status_has_to_answer_six_tenths_of_what_a_bare_route_does(of_status: float, met: bool) -> None:  # noqa: FBT001 -- a test's parameter
    goals = polling.goals(_polled(of_status))
    assert [goal.met for goal in goals] == [met] * 3
    assert goals[0].value == pytest.approx(of_status / 100)


def test_polls_are_shown_as_a_table_and_a_plot() -> None:
    measured, picture = _polled(150.0), Picture(figsize=(7, 3))
    assert "| 1,000 pollers, 304 | 150 (2.5 ms) |" in polling.table(measured)
    polling.plot(measured, picture)
    assert [axes.get_title() for axes in picture.axes] == ["answered with 200", "answered with 304"]


@pytest.mark.parametrize(("rate", "met"), [(4900, False), (5100, True)])
def test_folding_has_to_be_half_as_fast_as_bare_upserts(rate: float, met: bool) -> None:  # noqa: FBT001 -- a test's parameter
    measured = {"events_per_second": {"status": [rate] * 3, "bare upserts": [10_000] * 3}}
    assert [goal.met for goal in folding.goals(measured)] == [met]
    assert f"| status | {rate:,} |" in folding.table(measured)
    folding.plot(measured, Picture(figsize=(7, 3)))


def test_a_story_is_of_a_job_that_gets_on_with_all_of_its_tasks() -> None:
    events = list(stories(["one", "two"], events_each=40))
    assert len(events) == 80
    document = view(fold_all(event for event in events if event.job_id == "two"))
    assert [document.task(task).progress for task in Task] == [12, 12, 12]
    assert isinstance(beginnings(["one"])[0], JobSubmitted)


def test_without_the_program_that_asks_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(StartError, match="wrk"):
        Pollers(tmp_path, ["one"])
