"""The five services, some with several replicas, each behind a proxy to the broker, and the state of their jobs."""

import asyncio
import io
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import soundfile

from deploy.local.broker import Broker
from deploy.local.child import Child
from deploy.local.database import Database
from deploy.local.ports import LOOPBACK, free_ports
from tests.faults.proxy import Proxy
from tests.faults.tap import Tap

SERVICES = ("gateway", "status", "separator", "transcriber", "beats")
ENVIRONMENT = {
    "UPLOADS_PER_MINUTE": "0",
    "MAX_UPLOADS_AT_ONCE": "0",
    "MAX_UNFINISHED_JOBS": "0",
    "MAX_MINUTES_PER_DAY": "0",
    "MAX_STORED_BYTES": "0",
    "MODELS": "{}",
    "JANITOR_SECONDS": "0.5",
    "RETRY_SECONDS": "0.5",
    "GRACE_SECONDS": "10",
}
END = ("completed", "failed")


SECONDS, HZ = 1.2, 8000
_file = io.BytesIO()
soundfile.write(_file, 0.3 * np.sin(np.arange(SECONDS * HZ) / 3), HZ, format="WAV")
SONG = _file.getvalue()


class System:
    """`accepted` lists the jobs answered with 202; `struck_at` and `recovery_seconds` measure the latest fault.

    The engines are those of `tests.faults.engines`, or the real ones if `models` has settings for them.
    """

    def __init__(self, folder: Path, *, models: Mapping[str, str] | None = None, song: bytes = SONG) -> None:
        self.folder = folder
        self.models = models
        self.song = song
        self.broker, self.database = Broker(folder / "broker"), Database(folder / "database")
        self.children: dict[str, Child] = {}
        self.ports: dict[str, int] = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self.odd: set[str] = set()
        self.http = httpx2.Client(timeout=30)  # shared, because each client reads the machine's certificates
        self.accepted: list[str] = []
        self.struck_at = 0.0
        self.recovery_seconds: float | None = None
        self.remark = ""

    def begin(self) -> None:
        for server in (self.broker, self.database):
            server.start()
        for server in (self.broker, self.database):
            server.wait()
        self.proxies = {name: Proxy(self.broker._port) for name in SERVICES}
        self.mend()
        self.tap = Tap(self.broker.url, self.database.url)

    def mend(self) -> None:
        """Restore one ready replica of each service with the usual settings."""
        for proxy in self.proxies.values():
            proxy.mend()
        for name in [*self.children]:
            if name not in SERVICES or name in self.odd or not self.running(name):
                self.children.pop(name).end()
        self.odd.clear()
        for name in SERVICES:
            if name not in self.children:
                self.start(name)
        self.until(self.ready)

    def end(self) -> None:
        for child in self.children.values():
            child.end()
        self.database.end()
        self.broker.end()

    def start(self, name: str, **settings: object) -> None:
        """Start or restart `gateway`, `gateway-2` and so on; return before it is ready."""
        service = name.partition("-")[0]
        if name in self.children:
            self.children[name].end()
        if settings:
            self.odd.add(name)
        if name not in self.ports:
            (self.ports[name],) = free_ports(1)
        if service not in self.proxies:
            self.proxies[service] = Proxy(self.broker._port)
        env = {
            **os.environ,
            **ENVIRONMENT,
            **(self.models or {}),
            "AMQP_URL": f"amqp://guest:guest@{LOOPBACK}:{self.proxies[service].port}/",
            "MONGO_URL": self.database.url,
            "STORAGE_URL": str(self.folder / "storage"),
            "STATUS_URL": f"http://{LOOPBACK}:{self.ports['status']}",
            "PORT": str(self.ports[name]),
            **{key: str(value) for key, value in settings.items()},
        }
        real = self.models or service in ("gateway", "status")
        module = [f"services.{service}"] if real else ["tests.faults.worker", service]
        self.children[name] = Child(name, [sys.executable, "-m", *module], env, self.folder / "logs" / f"{name}.log")
        self.children[name].start()

    def running(self, name: str) -> bool:
        with suppress(Exception):
            self.children[name].check()
            return True
        return False

    def url(self, name: str = "gateway") -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def ready(self, names: Iterable[str] = SERVICES) -> bool:
        with suppress(httpx2.HTTPError):
            return all(self.http.get(f"{self.url(name)}/readyz", timeout=30).is_success for name in names)
        return False

    def alive(self) -> bool:
        return all(self.http.get(f"{self.url(name)}/livez", timeout=10).is_success for name in self.children)

    def post(self, key: str | None = None, gateway: str = "gateway", **options: str) -> httpx2.Response:
        headers = {"Idempotency-Key": key} if key else {}
        files = {"file": ("song.wav", self.song)}
        answer = self.http.post(
            f"{self.url(gateway)}/api/process", files=files, data=options, headers=headers, timeout=60
        )
        if answer.status_code == HTTPStatus.ACCEPTED and answer.json()["job_id"] not in self.accepted:
            self.accepted.append(answer.json()["job_id"])
        return answer

    def submit(self, **options: str) -> str:
        return str(self.post(**options).raise_for_status().json()["job_id"])

    def document(self, job_id: str) -> dict[str, Any]:
        """Return the job's document, or an empty one while status is unavailable."""
        with suppress(httpx2.HTTPError):
            answer = self.http.get(f"{self.url()}/api/status/{job_id}", timeout=30)
            document: dict[str, Any] = answer.json() if answer.is_success else {}
            return document
        return {}

    def task(self, job_id: str, task: str = "stem_separation") -> dict[str, Any]:
        found: dict[str, Any] = self.document(job_id).get(task, {})
        return found

    def until(self, wanted: Callable[[], object], within: float = 90) -> None:
        deadline = time.monotonic() + within
        while not wanted():
            assert time.monotonic() < deadline, "nothing came of it"
            time.sleep(0.05)

    def until_working(self, job_id: str, task: str = "stem_separation") -> None:
        self.until(lambda: self.task(job_id, task).get("status") == "processing")

    def until_attempt(self, job_id: str, attempt: int) -> None:
        self.until(lambda: self.task(job_id).get("attempt") == attempt)

    def until_ready(self, *names: str) -> None:
        self.until(lambda: self.ready(names))

    def until_ended(self, *job_ids: str, within: float = 150) -> list[str]:
        self.until(lambda: all(self.document(job).get("status") in END for job in job_ids), within)
        return [self.document(job)["status"] for job in job_ids]

    def strike(self) -> None:
        """Start the clock of the recovery; call it again at the end of a lasting fault."""
        self.struck_at = time.monotonic()

    def all_ended(self) -> None:
        """Wait until every accepted job has ended and its document equals the fold of all its events."""
        self.until_ended(*self.accepted, within=180)
        if self.struck_at:
            self.recovery_seconds = time.monotonic() - self.struck_at
        self.until(lambda: not self.waiting("beats"))  # refinements after the end of the job
        self.until(lambda: not asyncio.run(self.tap.differences(self.accepted)), within=30)

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl and return its output."""
        return self.broker.tool("rabbitmqctl", *arguments)

    def evaluate(self, expression: str) -> str:
        """Evaluate an Erlang expression inside the broker."""
        return self.control("eval", f"{expression}.").strip()

    def consumers(self) -> set[str]:
        """Return the queues that have a consumer."""
        rows = (line.split() for line in self.control("list_queues", "name", "consumers").splitlines())
        return {name for name, consumers in rows if consumers.isdigit() and int(consumers)}

    def says(self, name: str, job_id: str, what: str) -> bool:
        """Return whether a line of a service's log contains both the job's id and `what`."""
        return any(job_id in line and what in line for line in self.children[name].log.read_text().splitlines())

    def waiting(self, queue: str) -> int:
        """Return the number of messages of a queue, including unacknowledged ones."""
        rows = (line.split() for line in self.control("list_queues", "name", "messages").splitlines())
        return next(int(messages) for name, messages in rows if name == queue)

    def unannounced(self) -> list[Path]:
        """Return the folders of uploads without a broker's confirm."""
        manifests = (self.folder / "storage").glob("*/manifest.json")
        return [path.parent for path in manifests if not path.with_name("announced").exists()]

    def megabytes(self, name: str) -> float:
        status = Path(f"/proc/{self.children[name].pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1000
