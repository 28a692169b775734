"""One system for all faults, repaired before each test; after it, every accepted job has ended as its events state."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.tasks import Task
from tests.conftest import ROOT
from tests.faults.system import System

TABLE = ROOT / ".run" / "faults.md"


@dataclass(frozen=True)
class Row:
    """Measured effects of one fault."""

    sentence: str
    jobs: int
    events: int
    attempts: int
    recovery_seconds: float | None
    remark: str

    def __str__(self) -> str:
        recovery = "" if self.recovery_seconds is None else f"{self.recovery_seconds:.1f} s"
        return f"| {self.sentence} | {self.jobs} | {self.events} | {self.attempts} | {recovery} | {self.remark} |"


ROWS: list[Row] = []


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, amqp_url: str, mongo_url: str) -> Iterator[System]:
    system = System(tmp_path_factory.mktemp("faults"))
    try:
        system.begin()
        yield system
    finally:
        system.end()


@pytest.fixture
def system(running: System, request: pytest.FixtureRequest) -> Iterator[System]:
    running.mend()
    running.accepted, running.struck_at, running.recovery_seconds, running.remark = [], 0.0, None, ""
    yield running
    if request.node.stash.get(PASSED, False):
        running.all_ended()
        if running.accepted:
            parameters = f" ({request.node.callspec.id})" if hasattr(request.node, "callspec") else ""
            ROWS.append(_row(running, request.node.originalname + parameters))


def _row(system: System, name: str) -> Row:
    tasks = [system.task(job, task) for job in system.accepted for task in Task]
    return Row(
        sentence=name.removeprefix("test_").replace("_", " "),
        jobs=len(system.accepted),
        events=sum(len(system.tap.events[job]) for job in system.accepted),
        attempts=max((task.get("attempt") or 0 for task in tasks), default=0),
        recovery_seconds=system.recovery_seconds,
        remark=system.remark,
    )


PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        item.stash[PASSED] = report.passed
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if ROWS:
        table = [
            "| what happened | jobs | events | attempts | ended after | |",
            "|---|--:|--:|--:|--:|---|",
            *map(str, ROWS),
        ]
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text("\n".join(table) + "\n")
        terminalreporter.write_line(f"what was seen: {Path(TABLE).relative_to(ROOT)}")
