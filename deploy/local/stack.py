"""The five services as plain processes with a log file each: for the demo, and for tests that end one of them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.local.child import Child, until
from deploy.local.services import Service, not_ready, table

# Loading the models takes the longest: half a minute on two cores, several times that while a machine is busy.
READY_SECONDS = 300
GRACE_SECONDS = "3"  # nobody waits at a terminal for a song to be finished: the broker keeps it


class Stack:
    """The services by name; `children` holds their processes (pid, log, kill, start again)."""

    def __init__(self, services: Mapping[str, Service], logs: Path) -> None:
        self.services = services
        self.children = {
            name: Child(name, service.command, service.env, logs / f"{name}.log") for name, service in services.items()
        }

    @property
    def url(self) -> str:
        """Where the gateway answers."""
        return self.services["gateway"].url

    def start(self) -> None:
        for child in self.children.values():
            child.start()

    def wait(self, waiting: Callable[[list[str]], None] = lambda _names: None) -> None:
        """Returns once every service says that it is ready; tells `waiting` the names of those that are not yet.

        Raises `StartError` when one of them ends, or after `READY_SECONDS`.
        """

        def ready() -> bool:
            names = not_ready(self.services)
            waiting(names)
            return not names

        until(ready, self.children.values(), READY_SECONDS)

    def check(self) -> None:
        """Raises `StartError`, with the end of its log, when a service has ended."""
        for child in self.children.values():
            child.check()

    def end(self) -> None:
        for child in self.children.values():
            child.terminate()
        for child in self.children.values():
            child.end()


@contextmanager
def stack(folder: Path, env: Mapping[str, str]) -> Iterator[Stack]:
    """Starts all five on free ports, with storage and logs in `folder`; ready only after `Stack.wait`.

    `env` brings AMQP_URL and MONGO_URL on top of this process' environment.
    """
    local = {"STORAGE_URL": str((folder / "storage").absolute()), "GRACE_SECONDS": GRACE_SECONDS}
    services = table({**os.environ, **local, **env})
    running = Stack(services, folder / "logs")
    try:
        running.start()
        yield running
    finally:
        running.end()
