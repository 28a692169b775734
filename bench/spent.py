"""Processor time that processes have taken, those that they started included."""

from collections.abc import Iterable
from urllib.parse import urlsplit

import psutil


def cpu_seconds(pids: Iterable[int]) -> float:
    """Of the processes and all below them, as of now; what has ended counts once its parent has waited for it."""
    return sum(_own(process) for pid in pids for process in _tree(psutil.Process(pid)))


def listener(url: str) -> int:
    """The process that listens on the URL's port of this machine."""
    port = urlsplit(url).port
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            return int(connection.pid)
    raise LookupError(url)


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
