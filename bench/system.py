"""The services as processes: as many of each as wanted, with real engines or with those of `bench.engines`."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.bench import Bench
from deploy.local.child import Child, until
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.services import Service
from deploy.local.stack import READY_SECONDS

WORKERS = ("separator", "transcriber", "beats")
NO_LIMITS = {"UPLOADS_PER_MINUTE": "0", "MAX_UPLOADS_AT_ONCE": "0", "MAX_UNFINISHED_JOBS": "0", "LOG_LEVEL": "warning"}


class System:
    """`services` and `children` are by name: `status`, then `status-2` and so on."""

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
    def url(self) -> str:
        """Where the gateway answers."""
        return self.services["gateway"].url

    def megabytes(self, name: str) -> float:
        """Resident memory of a service's process; that of a worker's child is not in it."""
        status = Path(f"/proc/{self.children[name].pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1000


@contextmanager
def system(
    bench: Bench, replicas: Mapping[str, int], env: Mapping[str, str] | None = None, *, real: bool = False
) -> Iterator[System]:
    """Ready when it is yielded; ended afterwards. `env` comes on top of the benchmark's own settings."""
    running = System(bench, replicas, env or {}, real=real)
    try:
        for child in running.children.values():
            child.start()
        until(
            lambda: all(service.ready() for service in running.services.values()),
            running.children.values(),
            READY_SECONDS,
        )
        yield running
    finally:
        for child in running.children.values():
            child.terminate()
        for child in running.children.values():
            child.end()


def _command(name: str, *, real: bool) -> list[str]:
    service = name.partition("-")[0]
    pretends = service in WORKERS and not real
    return [sys.executable, "-m", *(["bench.worker", service] if pretends else [f"services.{service}"])]
