"""The services as processes, with real engines or with those of `bench.programs.no_op_worker`."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bench.figure import Bench
from deploy.local.child import Child, until
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.services import Service
from deploy.local.stack import READY_SECONDS

WORKERS: Final = ("separator", "transcriber", "beats")
ALL: Final = dict.fromkeys(("gateway", "status", *WORKERS), 1)
"""One replica of each service."""
NO_LIMITS: Final = {
    "UPLOADS_PER_MINUTE": "0",
    "MAX_UPLOADS_AT_ONCE": "0",
    "MAX_UNFINISHED_JOBS": "0",
    "MAX_MINUTES_PER_DAY": "0",
    "MAX_STORED_BYTES": "0",
    "LOG_LEVEL": "warning",
}


class Services:
    """Services and their processes by name; further replicas are `status-2`, `status-3` and so on."""

    def __init__(self, bench: Bench, replicas: Mapping[str, int], env: Mapping[str, str], *, real: bool) -> None:
        names = [name if n == 1 else f"{name}-{n}" for name, count in replicas.items() for n in range(1, count + 1)]
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        common = {
            **os.environ,
            **NO_LIMITS,
            "AMQP_URL": bench.amqp_url,
            "MONGO_URL": bench.mongo_url,
            "STORAGE_URL": str(bench.folder / "storage"),
            "HOST": LOOPBACK,
            "STATUS_URL": f"http://{LOOPBACK}:{ports.get('status', 0)}",
            **env,
        }
        self.services = {name: Service(name, port, {**common, "PORT": str(port)}) for name, port in ports.items()}
        logs = bench.folder / "logs"
        self.children = {
            name: Child(name, _command(name, real=real), service.env, logs / f"{name}.log")
            for name, service in self.services.items()
        }

    @property
    def gateway_url(self) -> str:
        return self.services["gateway"].url

    @property
    def status_url(self) -> str:
        return self.services["status"].url


@contextmanager
def running(
    bench: Bench, replicas: Mapping[str, int], env: Mapping[str, str] | None = None, *, real: bool = False
) -> Iterator[Services]:
    """Start the services, yield them when they are ready, and stop them. `env` overrides the benchmark's settings."""
    services = Services(bench, replicas, env or {}, real=real)
    children = services.children.values()
    try:
        for child in children:
            child.start()
        until(lambda: all(service.ready() for service in services.services.values()), children, READY_SECONDS)
        yield services
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.end()


def _command(name: str, *, real: bool) -> list[str]:
    service = name.partition("-")[0]
    no_op = service in WORKERS and not real
    return [sys.executable, "-m", *(["bench.programs.no_op_worker", service] if no_op else [f"services.{service}"])]
