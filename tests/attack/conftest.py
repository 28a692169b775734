"""One system for all attacks, and the table of what they achieved."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from deploy.local.ports import LOOPBACK
from tests.attack.target import Target
from tests.name_server import NameServer, name_server

NUMBERS = count(1)
SLOW = tuple(f"slow-{number}.example" for number in range(12))
"""Names whose name server does not answer."""


@dataclass(frozen=True)
class Row:
    """The measured effect of an attack and the most that is allowed."""

    attack: str
    measured: float
    bound: float

    def __str__(self) -> str:
        return f"{self.attack:<88} {self.measured:>8.3g}  {self.bound:>8g}"


ROWS = pytest.StashKey[list[Row]]()
Report = Callable[[str, float, float], None]


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Return a function that adds a row to the table, and fails the test if the number is above its bound."""

    def add(attack: str, measured: float, bound: float) -> None:
        row = Row(attack, measured, bound)
        request.config.stash.setdefault(ROWS, []).append(row)
        assert measured <= bound, row

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if rows := terminalreporter.config.stash.get(ROWS, []):
        terminalreporter.section("attacks")
        terminalreporter.write_line(f"{'attack: what is measured':<88} {'measured':>8}  {'at most':>8}")
        for row in rows:
            terminalreporter.write_line(str(row))


@pytest.fixture(scope="session")
async def names() -> AsyncIterator[NameServer]:
    """Run the name server of the services. It answers only while an asynchronous test waits."""
    async with name_server({"fast.example": LOOPBACK}, SLOW) as server:
        yield server


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory, names: NameServer) -> Iterator[Target]:
    target = Target(tmp_path_factory.mktemp("attack"))
    try:
        target.begin(names.address)
        yield target
    finally:
        target.end()


@pytest.fixture
def attacker() -> str:
    """Return a loopback address that no other attack uses, and whose limits are therefore not yet reached."""
    return f"127.0.1.{next(NUMBERS)}"
