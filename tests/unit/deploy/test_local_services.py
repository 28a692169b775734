import socket
import subprocess
import sys

import pytest

from deploy.local import ports
from deploy.local.child import StartError
from deploy.local.ports import LOOPBACK, SERVER_PORTS, ensure_free, free_ports, listening
from deploy.local.services import NAMES, not_ready, table


def test_free_ports_are_distinct_and_usable() -> None:
    found = free_ports(20)
    assert len(set(found)) == 20
    for port in found:
        ensure_free(port)


def test_a_port_is_reserved_until_the_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    few = SERVER_PORTS[:200]  # other servers may hold some of them
    monkeypatch.setattr(ports, "SERVER_PORTS", few)
    mine = free_ports(20)
    ask = f"from deploy.local import ports; ports.SERVER_PORTS = {few}; print(*ports.free_ports(200))"
    others = subprocess.run((sys.executable, "-c", ask), capture_output=True, check=True, text=True).stdout.split()
    assert len(mine) == 20
    assert not {*mine} & {*map(int, others)}


def test_the_error_for_a_used_port_suggests_another() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert listening(port)
        with pytest.raises(StartError, match=f"port {port} .*PORT="):
            ensure_free(port)


def test_each_service_listens_on_its_own_port_and_the_gateway_finds_the_status_service() -> None:
    services = table({"PORT": "1", "AMQP_URL": "amqp://broker"}, gateway_port=8000)
    assert tuple(services) == NAMES
    assert len({service.port for service in services.values()}) == len(NAMES)
    assert {service.env["AMQP_URL"] for service in services.values()} == {"amqp://broker"}
    assert all(service.env["PORT"] == str(service.port) for service in services.values())
    assert services["gateway"].url == "http://127.0.0.1:8000"
    assert services["gateway"].env["STATUS_URL"] == services["status"].url


def test_a_service_that_was_not_started_is_not_ready() -> None:
    assert not_ready(table({})) == list(NAMES)
