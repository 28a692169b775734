"""Servers never outlive the process that started them, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.child import until
from tests.processes import processes_of

OWN_SERVER = """
import sys, time
from pathlib import Path
from deploy.local.database import Database
folder = Path(sys.argv[1])
database = Database(folder / "database")
database.start()
database.wait()
(folder / "ready").touch()
time.sleep(600)
"""
"""A test with a server of its own."""

RUNNER = """
import sys
from pathlib import Path
import tests.__main__ as runner
own_server, folder = sys.argv[1:]
runner.PYTEST = (sys.executable, "-c")
runner.GROUPS = {"with-server": (own_server, folder), "other": ("import time; time.sleep(600)", folder)}
runner.LOGS = Path(folder)
runner.main(())
"""
"""The test runner with that test as one of its groups."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Kill what is left with the folder in its environment, so that a failed test does not disturb others."""
    yield tmp_path
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(tmp_path).encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL], ids=lambda n: n.name)
def test_a_killed_run_of_the_tests_leaves_no_process(amqp_url: str, folder: Path, number: signal.Signals) -> None:
    env = {key: value for key, value in os.environ.items() if not key.endswith("_URL")} | {"TMPDIR": str(folder)}
    command = [sys.executable, "-m", "deploy.local", "backing", "--", sys.executable, "-c", RUNNER, OWN_SERVER]
    with (folder / "log").open("wb") as log:
        backing = subprocess.Popen([*command, folder], env=env, stdout=log, stderr=log, start_new_session=True)
    until(lambda: (folder / "ready").exists() or backing.poll() is not None, [], seconds=180)
    assert backing.poll() is None, (folder / "log").read_text()
    assert sum("mongod" in process for process in processes_of(folder)) >= 2
    os.kill(backing.pid, number)
    backing.wait(60)
    until(lambda: not processes_of(folder), [], seconds=60)
