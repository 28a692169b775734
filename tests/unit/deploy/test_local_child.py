import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from deploy.local.child import DIES_WITH_PARENT, Child, StartError, until

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


PARENT = """
import signal, sys, time
from pathlib import Path
for number in (signal.SIGINT, signal.SIGHUP):  # a background job inherits that they are ignored
    signal.signal(number, signal.SIG_DFL)
from tests.unit.deploy.test_local_child import STUBBORN, child
started = child(STUBBORN, Path(sys.argv[1]))
started.start()
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL], ids=lambda n: n.name)
def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path, number: signal.Signals) -> None:
    parent = child(PARENT, tmp_path / "parent")
    parent._command = [*parent._command, tmp_path]
    parent.start()
    watched = child(STUBBORN, tmp_path)
    until(lambda: watched.log.exists() and watched.tail().isdigit(), [parent], seconds=30)
    grandchild = int(watched.tail())
    assert alive(grandchild)
    os.kill(parent.pid, number)
    until(lambda: not alive(grandchild), [], seconds=10)
    parent.end()


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    started = child("import signal; signal.pause()", tmp_path)
    thread = threading.Thread(target=started.start)
    thread.start()
    thread.join()
    assert alive(started.pid)
    started.end()


def test_a_child_can_be_started_again_after_it_was_killed(tmp_path: Path) -> None:
    started = child("import signal; signal.pause()", tmp_path)
    pids = []
    for _ in range(2):
        started.start()
        started.check()
        pids.append(started.pid)
        started.kill()
    assert not any(alive(pid) for pid in pids)


def test_a_program_that_is_missing_leaves_nothing_behind(tmp_path: Path) -> None:
    missing = Child("child", ["no-such-program"], os.environ, tmp_path / "child.log")
    with pytest.raises(FileNotFoundError):
        missing.start()
    missing.end()
    assert missing._guard is None


def test_a_command_dies_with_its_parent(tmp_path: Path) -> None:
    sleeper = [
        *DIES_WITH_PARENT,
        sys.executable,
        "-c",
        "import os, signal; print(os.getpid(), flush=True); signal.pause()",
    ]
    parent = child(f"import subprocess, signal; subprocess.Popen({sleeper!r}); signal.pause()", tmp_path)
    parent.start()
    until(lambda: parent.tail().isdigit(), [parent], seconds=30)
    pid = int(parent.tail())
    os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not alive(pid), [], seconds=10)
    parent.end()
