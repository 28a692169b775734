import os
import sys
from pathlib import Path

import pytest

from deploy.local.child import Child, StartError, until

STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]).pid, flush=True)
signal.pause()
"""


def child(code: str, folder: Path) -> Child:
    return Child("child", [sys.executable, "-c", code], os.environ, folder / "child.log")


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_process_that_ends_unexpectedly_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    failing = child("import sys; sys.exit('no such model')", tmp_path)
    failing.start()
    with pytest.raises(StartError, match=r"child ended with code 1.*\n.*no such model"):
        until(lambda: False, [failing], seconds=30)


def test_a_process_that_never_becomes_ready_times_out(tmp_path: Path) -> None:
    silent = child("import signal; signal.pause()", tmp_path)
    silent.start()
    with pytest.raises(StartError, match="no answer from child"):
        until(lambda: False, [silent], seconds=0.2)
    silent.end()


def test_ending_a_process_ends_everything_that_it_started(tmp_path: Path) -> None:
    stubborn = child(STUBBORN, tmp_path)
    stubborn.start()
    until(lambda: stubborn.tail().isdigit(), [stubborn], seconds=30)
    grandchild = int(stubborn.tail())
    stubborn.end(grace_seconds=0.1)
    until(lambda: not alive(grandchild), [], seconds=10)
    with pytest.raises(StartError, match="ended with code -9"):
        stubborn.check()
