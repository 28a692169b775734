"""A process that we start, watch and surely end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from shared.errors import KaraokeError


class StartError(KaraokeError):
    """Something this machine lacks, or a process that ended by itself; the message says what to do."""

    code = "start_failed"


class Child:
    """A named process that leads a session of its own and writes to `log`; once ended it may be started again."""

    def __init__(self, name: str, command: Sequence[str | Path], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._started().pid

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raises `StartError`, with the last lines of its log, when the process has ended."""
        code = self._started().poll()
        if code is not None:
            raise StartError(f"{self.name} ended with code {code}", f"the end of {self.log}:\n{self.tail()}")

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def terminate(self) -> None:
        """SIGTERM to the process alone; `end` waits for it."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to the process and to all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._started().wait()

    def end(self, grace_seconds: float = 15) -> None:
        """SIGTERM, time to finish, then SIGKILL to whatever is left of its session. Does nothing when never started."""
        if self._process is None:
            return
        self.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        self.kill()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process


def until(ready: Callable[[], bool], watched: Iterable[Child], seconds: float) -> None:
    """Waits until `ready()`. Raises `StartError` when a watched process ends, or after `seconds`."""
    children = tuple(watched)
    deadline = time.monotonic() + seconds
    while not ready():
        for child in children:
            child.check()
        if time.monotonic() > deadline:
            names = ", ".join(child.name for child in children)
            raise StartError(f"no answer from {names} in {seconds:.0f} s", f"see {children[0].log.parent}")
        time.sleep(0.1)
