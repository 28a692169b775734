"""A child process that is started, watched, and always stopped, even if this process is killed."""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from shared.errors import KaraokeError


class StartError(KaraokeError):
    """A missing program, or a process that ended unexpectedly; the message says what to do."""

    code = "start_failed"


# Reads until the other end of its standard input closes, which also happens when its parent is killed. Then it kills
# its process group: the child, everything that the child started, and itself.
GUARD = ("sh", "-c", "read _; kill -KILL 0")

DIES_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()
"""Start of a command that is killed when the thread that started it ends, in any way. For a command that needs the
terminal's process group; it does not reach what the command starts."""

PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html


class Child:
    """A named process in a process group of its own that writes to `log`. It can be started again after it ended.

    A guard in the same group kills it when this process ends without stopping it.
    """

    def __init__(self, name: str, command: Sequence[str | Path], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._started().pid

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._kill_group()  # what is left of an earlier start
        self._guard = subprocess.Popen(
            GUARD, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
        )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=self._guard.pid,
            )

    def check(self) -> None:
        """Raise `StartError`, with the last lines of the log, if the process has ended."""
        code = self._started().poll()
        if code is not None:
            raise StartError(f"{self.name} ended with code {code}", f"the end of {self.log}:\n{self.tail()}")

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def terminate(self) -> None:
        """Send SIGTERM to the process only; `end` waits for it."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the process and to everything that it started."""
        self._kill_group()
        self._started().wait()

    def end(self, grace_seconds: float = 15) -> None:
        """Send SIGTERM, wait, then send SIGKILL to the rest of its group. Does nothing if it was never started."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_seconds)
        self._kill_group()
        if self._process is not None:
            self._process.wait()

    def _kill_group(self) -> None:
        if self._guard is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._guard.pid, signal.SIGKILL)
        self._guard.communicate()
        self._guard = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process


def die_with_parent() -> None:
    """Have this process killed when the thread that forked it ends, in any way."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def until(ready: Callable[[], bool], watched: Iterable[Child], seconds: float) -> None:
    """Wait until `ready()` is true. Raises `StartError` when a watched process ends, or after `seconds`."""
    children = tuple(watched)
    deadline = time.monotonic() + seconds
    while not ready():
        for child in children:
            child.check()
        if time.monotonic() > deadline:
            names = ", ".join(child.name for child in children)
            raise StartError(f"no answer from {names} in {seconds:.0f} s", f"see {children[0].log.parent}")
        time.sleep(0.1)
