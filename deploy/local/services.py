"""The five services as processes: command, port and environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from deploy.local.ports import LOOPBACK, free_ports

NAMES = ("gateway", "status", "separator", "transcriber", "beats")


@dataclass(frozen=True)
class Service:
    """A service process on a loopback `port`; `env` is its complete environment."""

    name: str
    port: int
    env: Mapping[str, str] = field(repr=False)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", f"services.{self.name}"]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def ready(self) -> bool:
        connection = HTTPConnection(LOOPBACK, self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def table(env: Mapping[str, str], gateway_port: int | None = None) -> dict[str, Service]:
    """Return all five by name, on free ports. `env` has AMQP_URL, MONGO_URL and STORAGE_URL."""
    ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
    if gateway_port is not None:
        ports["gateway"] = gateway_port
    common = {**env, "HOST": LOOPBACK, "STATUS_URL": f"http://{LOOPBACK}:{ports['status']}"}
    return {name: Service(name, port, {**common, "PORT": str(port)}) for name, port in ports.items()}


def not_ready(services: Mapping[str, Service]) -> list[str]:
    return [name for name, service in services.items() if not service.ready()]
