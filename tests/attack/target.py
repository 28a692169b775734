"""The attacked system: gateways and status as processes, a database, and a broker with the users of `deploy/k8s`."""

import asyncio
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import aio_pika
import httpx2

from deploy.local.child import Child, until
from deploy.local.database import Database
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.services import Service
from services.gateway.security.auth import digest
from tests.audio import tone
from tests.integration.operated import PASSWORD, OperatedBroker, make_topology

VICTIM = "127.0.0.2"
"""Address of the client that must not notice the attack."""
SECRETS = {name: f"marker-{secrets.token_hex(16)}" for name in ("SUBMISSION_SECRET", "WEBHOOK_SECRET", "LINK_SECRET")}
KEYS = {name: f"the key of {name}" for name in ("alice", "mallory", "jobs", "minutes", "bytes")}
"""Owners; the last three exceed one limit each."""
MAX_JOBS, MAX_MINUTES, MAX_BYTES = 13, 10, 400_000_000
"""Limits of the gateway with keys."""
SONG = tone(1.1)


class Target:
    """`gateway` has no keys, as `make up` starts it; `keyed` has `KEYS` and small limits."""

    def __init__(self, folder: Path) -> None:
        self.storage = folder / "storage"
        self.broker, self.database = OperatedBroker(folder / "broker"), Database(folder / "database")
        self._logs = folder / "logs"
        self._children: dict[str, Child] = {}

    def begin(self, name_server: str) -> None:
        """Start everything as an operator does, and wait until the services are ready."""
        self.database.start()
        self.broker.begin()
        asyncio.run(self._make_topology())
        self.broker.limit_topics("/")
        self.database.wait()
        ports = free_ports(3)
        common = {
            **os.environ,
            **SECRETS,
            "HOST": LOOPBACK,
            "GRACE_SECONDS": "3",
            "STORAGE_URL": str(self.storage),
            "DECLARE_TOPOLOGY": "false",
            "MONGO_URL": self.database.url,
            "STATUS_URL": f"http://{LOOPBACK}:{ports[0]}",
            "CALLBACK_NETWORKS": json.dumps([f"{LOOPBACK}/32"]),
            "NAME_SERVER": name_server,
        }
        keys = {
            "API_KEYS": json.dumps({name: digest(key) for name, key in KEYS.items()}),
            "MAX_UNFINISHED_JOBS": str(MAX_JOBS),
            "MAX_MINUTES_PER_DAY": str(MAX_MINUTES),
            "MAX_STORED_BYTES": str(MAX_BYTES),
        }
        self.status = self._start("status", ports[0], common)
        self.gateway = self._start("gateway", ports[1], common)
        self.keyed = self._start("gateway", ports[2], {**common, **keys}, label="keyed")
        self.until(lambda: all(service.ready() for service in (self.status, self.gateway, self.keyed)), 90)

    async def _make_topology(self) -> None:
        async with await aio_pika.connect(self.broker.url) as connection:
            await make_topology(await connection.channel())

    def _start(self, name: str, port: int, env: Mapping[str, str], label: str = "") -> Service:
        env = {**env, "AMQP_URL": self.broker.url_of(name), "PORT": str(port)}
        command = [sys.executable, "-m", "tests.attack.service", name]
        label = label or name
        self._children[label] = Child(label, command, env, self._logs / f"{label}.log")
        self._children[label].start()
        return Service(name, port, env)

    def end(self) -> None:
        for child in self._children.values():
            child.terminate()
        for child in self._children.values():
            child.end()
        self.database.end()
        self.broker.end()

    @property
    def pid(self) -> int:
        """Process id of the gateway without keys."""
        return self._children["gateway"].pid

    @property
    def secrets(self) -> list[str]:
        return [*SECRETS.values(), f":{PASSWORD}@"]

    def until(self, wanted: Callable[[], bool], within: float = 30) -> float:
        """Wait for a condition and return the seconds it took. Raises `StartError` if a service ends, or too late."""
        began = time.monotonic()
        until(wanted, self._children.values(), within)
        return time.monotonic() - began

    def client(self, address: str = VICTIM, key: str = "") -> httpx2.Client:
        """Return a client at a loopback address, of the gateway with keys if `key` is the owner of one."""
        url, headers = (self.keyed.url, {"X-API-Key": KEYS[key]}) if key else (self.gateway.url, {})
        transport = httpx2.HTTPTransport(local_address=address)
        return httpx2.Client(base_url=url, headers=headers, transport=transport, timeout=90)

    def connection(self, address: str) -> socket.socket:
        return socket.create_connection((LOOPBACK, self.gateway.port), timeout=10, source_address=(address, 0))


def submit(
    client: httpx2.Client, song: bytes = SONG, name: str = "song.wav", headers: Mapping[str, str] = {}, **fields: str
) -> httpx2.Response:
    return client.post("/api/process", files={"file": (name, song)}, data=fields, headers=headers)


def accepted(answer: httpx2.Response) -> str:
    """Return the id of an accepted job."""
    assert answer.status_code == httpx2.codes.ACCEPTED, answer.text
    return str(answer.json()["job_id"])


def document(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    """Return the job's document, or an empty one."""
    with suppress(httpx2.HTTPError):
        answer = client.get(f"/api/status/{job_id}")
        found: dict[str, Any] = answer.json() if answer.is_success else {}
        return found
    return {}
