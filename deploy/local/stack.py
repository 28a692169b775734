"""The five services as processes with one log file each, for the demo and for tests that stop one of them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.local.child import Child, until
from deploy.local.services import Service, not_ready, table

# Loading the models takes the longest: half a minute on two cores, several times that on a busy machine.
READY_SECONDS = 300
GRACE_SECONDS = "3"  # short, as the broker keeps an unfinished song


class Stack:
    """The services by name, and their processes as `children`."""

    def __init__(self, services: Mapping[str, Service], logs: Path) -> None:
        self.services = services
        self.children = {
            name: Child(name, service.command, service.env, logs / f"{name}.log") for name, service in services.items()
        }

    @property
    def url(self) -> str:
        return self.services["gateway"].url

    def start(self) -> None:
        for child in self.children.values():
            child.start()

    def wait(self, waiting: Callable[[list[str]], None] = lambda _names: None) -> None:
        """Return once every service is ready. Calls `waiting` with the names of the others, again and again.

        Raises `StartError` when a service ends, or after `READY_SECONDS`.
        """

        def ready() -> bool:
            names = not_ready(self.services)
            waiting(names)
            return not names

        until(ready, self.children.values(), READY_SECONDS)

    def check(self) -> None:
        """Raise `StartError`, with the end of its log, if a service has ended."""
        for child in self.children.values():
            child.check()

    def end(self) -> None:
        for child in self.children.values():
            child.terminate()
        for child in self.children.values():
            child.end()


@contextmanager
def stack(folder: Path, env: Mapping[str, str]) -> Iterator[Stack]:
    """Start all five on free ports, with storage and logs in `folder`. They are ready after `Stack.wait`.

    `env` has AMQP_URL and MONGO_URL, and extends the environment of this process.
    """
    local = {"STORAGE_URL": str((folder / "storage").absolute()), "GRACE_SECONDS": GRACE_SECONDS}
    services = table({**os.environ, **local, **env})
    running = Stack(services, folder / "logs")
    try:
        running.start()
        yield running
    finally:
        running.end()
