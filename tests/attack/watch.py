"""Measurements of a gateway from outside: its silence, its memory and its child processes."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import psutil

from deploy.local.ports import LOOPBACK
from tests.attack.target import VICTIM, Target

TRIES = 3
POLL_SECONDS = 0.002
LOOK_SECONDS = 0.02
"""Pauses between requests of another client, and between looks at processes."""


@contextmanager
def repeated(action: Callable[[], object], pause_seconds: float) -> Iterator[None]:
    """Call the action in a thread, again and again, until the context ends."""
    stopped = threading.Event()

    def repeat() -> None:
        while not stopped.wait(pause_seconds):
            action()

    with ThreadPoolExecutor(1) as pool:
        repeating = pool.submit(repeat)
        try:
            yield
        finally:
            stopped.set()
        repeating.result()


class Silence:
    """`seconds` is the longest time that the client at `address` has waited for an answer without any work."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def measured(self, port: int, address: str) -> Iterator["Silence"]:
        with closing(HTTPConnection(LOOPBACK, port, timeout=30, source_address=(address, 0))) as connection:

            def poll() -> None:
                began = time.perf_counter()
                connection.request("GET", "/livez")
                connection.getresponse().read()
                self.seconds = max(self.seconds, time.perf_counter() - began)

            with repeated(poll, POLL_SECONDS):
                yield self


def quietest(target: Target, attack: Callable[[], object], bound: float) -> float:
    """Return the longest time, in seconds, that another client waits during the attack.

    This is the shortest of several attacks: a loaded machine disturbs one or another of them, the attack all.
    """
    shortest = float("inf")
    for _ in range(TRIES):
        with Silence().measured(target.gateway.port, VICTIM) as silence:
            attack()
        shortest = min(shortest, silence.seconds)
        if shortest <= bound:
            break
    return shortest


class Memory:
    """`grown_bytes` is the most memory that a process has had since the start, more than at the start."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._bytes()
        self.grown_bytes = 0

    def _bytes(self) -> int:
        return int(self._process.memory_info().rss)

    def look(self) -> None:
        self.grown_bytes = max(self.grown_bytes, self._bytes() - self._before)

    @contextmanager
    def watched(self) -> Iterator["Memory"]:
        with repeated(self.look, LOOK_SECONDS):
            yield self


class MediaChildren:
    """Children of a gateway that read hostile files: what can be seen of them in /proc."""

    def __init__(self, gateway_pid: int) -> None:
        self._gateway = psutil.Process(gateway_pid)
        self.environments: set[bytes] = set()
        self.seen: set[int] = set()
        self.confined: set[int] = set()
        """Process ids: all, and those with a filter of system calls."""
        self.peak_bytes = 0

    def running(self) -> list[int]:
        """Return the ids of the children that have started their program."""
        return [child.pid for child in self._gateway.children() if _is_media(child)]

    def look(self) -> None:
        for pid in self.running():
            folder = Path(f"/proc/{pid}")
            with suppress(OSError):
                environment = (folder / "environ").read_bytes()
                fields = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
                if "VmHWM" not in fields:  # it exits
                    continue
                self.seen.add(pid)
                self.environments.add(environment)
                self.peak_bytes = max(self.peak_bytes, int(fields["VmHWM"].split()[0]) * 1024)
                if fields["Seccomp"].strip() == "2":
                    self.confined.add(pid)

    @contextmanager
    def watched(self) -> Iterator["MediaChildren"]:
        with repeated(self.look, LOOK_SECONDS):
            yield self


def _is_media(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "services.gateway.media" in " ".join(process.cmdline())
    return False
