"""A user's texts after the deletion and the expiry of a job: the name, the lyrics and the callback's secret."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from bson import encode
from pymongo import MongoClient

from deploy.local.ports import LOOPBACK
from tests.faults.system import System

MARKERS = ("quuxname", "quuxlyrics", "quuxsecret")
CALLBACKS = {"WEBHOOK_SECRET": "a secret of thirty-two characters", "CALLBACK_NETWORKS": f'["{LOOPBACK}/32"]'}


class Receiver(HTTPServer):
    """Answers the first callback with nonsense and the others with 204. `ids` lists what it has accepted."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.calls = 0
        self.ids: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.calls += 1
        if self.server.calls == 1:
            self.wfile.write(b"nonsense\r\n\r\n")
        else:
            self.server.ids.append(self.headers["webhook-id"])
            self.send_response(204)
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name in the base class
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def submit(system: System, receiver: Receiver) -> str:
    fields = {"lyrics": "quuxlyrics all night", "callback_url": f"http://{LOOPBACK}:{receiver.server_port}/?quuxsecret"}
    files = {"file": ("Quuxname.wav", system.song)}
    answer = system.http.post(f"{system.url()}/api/process", files=files, data=fields, timeout=60)
    return str(answer.raise_for_status().json()["job_id"])


def places(system: System) -> set[str]:
    """Return where a marker is found: a collection, a stored file, a log, or a queue that still has a message."""
    system.tap.heard("nothing")  # empties the queue of the tests
    found = {f"file {path}" for path in (system.folder / "storage").rglob("*") if path.is_file() and _marked(path)}
    found |= {f"log {path.name}" for path in (system.folder / "logs").iterdir() if _marked(path)}
    client: MongoClient[dict[str, Any]] = MongoClient(system.database.url)
    for name in client.karaoke.list_collection_names():
        found |= {f"collection {name}" for each in client.karaoke[name].find() if _has_marker(encode(each))}
    client.close()
    rows = (line.split() for line in system.control("list_queues", "name", "messages").splitlines())
    return found | {f"queue {name}" for name, messages in rows if messages.isdigit() and int(messages)}


def _marked(path: Path) -> bool:
    return _has_marker(str(path).encode()) or _has_marker(path.read_bytes())


def _has_marker(text: bytes) -> bool:
    return any(marker.encode() in text.lower() for marker in MARKERS)


def test_nothing_keeps_the_texts_of_a_cancelled_job(system: System, receiver: Receiver) -> None:
    for name in ("gateway", "status"):
        system.start(name, **CALLBACKS)
    system.until_ready("gateway", "status")
    job = submit(system, receiver)
    system.until(lambda: {"collection jobs"} < places(system), within=30)
    assert system.until_ended(job) == ["completed"]
    assert system.http.delete(f"{system.url()}/api/jobs/{job}", timeout=30).status_code == 204
    system.until(lambda: system.document(job).get("name") == "")
    system.until(lambda: f"{job}.cancelled" in receiver.ids)
    system.until(lambda: not places(system), within=30)
    assert system.document(job)["error_code"] == "cancelled"


def test_nothing_keeps_the_texts_of_an_expired_job(system: System, receiver: Receiver) -> None:
    for name in ("gateway", "status"):
        system.start(name, **CALLBACKS)
    system.until_ready("gateway", "status")
    job = submit(system, receiver)
    assert system.until_ended(job) == ["completed"]
    system.until(lambda: receiver.ids)
    system.start("status", JOB_TTL_HOURS=1 / 3600, **CALLBACKS)
    system.until(lambda: not places(system), within=30)
    assert system.document(job) == {}
