"""All services in the foreground until Ctrl-C, with log lines labelled and coloured by service."""

import fcntl
import os
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message

from deploy.local.backing import backing
from deploy.local.child import DIES_WITH_PARENT, StartError, die_with_parent
from deploy.local.ports import ensure_free
from deploy.local.services import Service, not_ready, table

STOPPED_BY_SIGNAL = {130, 143}


def up(folder: Path, port: int) -> int:
    """Serve on `port` until SIGINT or SIGTERM, then stop everything. The data in `folder` is kept for the next time.

    Returns the exit code: 0, or that of the first service that ended unexpectedly. Raises `StartError`.
    """
    ensure_free(port)
    with _only_one(folder), backing(folder) as urls:
        storage = {"STORAGE_URL": os.environ.get("STORAGE_URL") or str((folder / "storage").absolute())}
        # honcho kills processes that still run five seconds after the signal.
        settings = {"LOG_FORMAT": "console", "GRACE_SECONDS": "3"}
        services = table({**os.environ, **settings, **storage, **urls}, gateway_port=port)
        manager = Manager()
        for service in services.values():
            command = shlex.join([*DIES_WITH_PARENT, *service.command])
            manager.add_process(service.name, f"exec {command}", env=dict(service.env))

        def say(text: str) -> None:
            manager.events.put(Message("line", text, datetime.now().astimezone(), SYSTEM_PRINTER_NAME, None))

        threading.Thread(target=_announce, args=(services, say), daemon=True).start()
        os.register_at_fork(after_in_child=die_with_parent)  # honcho forks a process for each service
        manager.loop()
    return 0 if manager.returncode in STOPPED_BY_SIGNAL else int(manager.returncode or 0)


def _announce(services: Mapping[str, Service], say: Callable[[str], None]) -> None:
    """Print which services are not ready, whenever that changes, and finally the address of the page."""
    announced: list[str] | None = None
    while announced != []:
        waiting = not_ready(services)
        if waiting != announced:
            say(f"waiting for {', '.join(waiting)}" if waiting else f"READY: open {services['gateway'].url}")
            announced = waiting
        time.sleep(0.5)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError("it is already running", f"another process uses {folder}; stop that one first") from error
        yield
