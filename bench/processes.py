"""Processor time and memory of processes and their children."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psutil

from bench.services import Services

SAMPLE_SECONDS = 0.05


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time of the processes and their descendants, including ended ones that were waited for."""
    return sum(_cpu_seconds(process) for pid in pids for process in _tree(psutil.Process(pid)))


def listener(url: str) -> int:
    """Return the id of the process that listens on the URL's port on this machine. Raises LookupError."""
    port = urlsplit(url).port
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            return int(connection.pid)
    raise LookupError(url)


def memory(services: Services) -> dict[str, float]:
    """Return megabytes of resident memory: `separator` is the process itself, `separator, children` its descendants."""
    found: dict[str, float] = {}
    for name, child in services.children.items():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(child.pid)
            found[name] = process.memory_info().rss / 1e6
            if descendants := sum(map(_rss, process.children(recursive=True))):
                found[f"{name}, children"] = descendants / 1e6
    return {name: round(megabytes, 1) for name, megabytes in found.items()}


@contextmanager
def peak_memory(services: Services) -> Iterator[Mapping[str, float]]:
    """Yield the maxima of `memory` inside the block, sampled twenty times a second."""
    highest: dict[str, float] = {}
    stopped = threading.Event()

    def sample() -> None:
        while not stopped.wait(SAMPLE_SECONDS):
            for name, megabytes in memory(services).items():
                highest[name] = max(megabytes, highest.get(name, 0))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield highest
    finally:
        stopped.set()
        sampler.join()


def _rss(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
