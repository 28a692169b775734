"""A Redis of our own, for those of our peers that keep results or queues in one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.child import Child, StartError, until
from deploy.local.ports import LOOPBACK, free_ports, listening


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Yields the URL of a server that keeps all in `folder`, on a loopback port; it is ended with the context.

    What it is told is written to a log, which goes to the disk every second: as its manual advises.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise StartError("redis-server is missing", "run `make bench`, or install Redis 6 or later")
    (port,) = free_ports(1)
    folder.mkdir(parents=True)
    options = ("--bind", LOOPBACK, "--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "yes")
    server = Child("redis", [program, *options], os.environ, folder.with_suffix(".log"))
    try:
        server.start()
        until(lambda: listening(port), [server], seconds=10)
        yield f"redis://{LOOPBACK}:{port}/0"
    finally:
        server.end()
