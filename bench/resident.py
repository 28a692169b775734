"""Memory of running services: what is resident of a process, and of the children in which its models run."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

from bench.system import System

LOOK_SECONDS = 0.05


def resident(services: System) -> dict[str, float]:
    """Megabytes (RSS) by name: `separator` is the process itself, `separator, children` all below it."""
    found: dict[str, float] = {}
    for name, child in services.children.items():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(child.pid)
            found[name] = process.memory_info().rss / 1e6
            if below := sum(map(_rss, process.children(recursive=True))):
                found[f"{name}, children"] = below / 1e6
    return {name: round(megabytes, 1) for name, megabytes in found.items()}


@contextmanager
def peaks(services: System) -> Iterator[Mapping[str, float]]:
    """The most of `resident` that was seen while inside, looking twenty times a second."""
    highest: dict[str, float] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            for name, megabytes in resident(services).items():
                highest[name] = max(megabytes, highest.get(name, 0))

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield highest
    finally:
        over.set()
        watching.join()


def _rss(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0
