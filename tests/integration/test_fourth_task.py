"""For a fourth task, the services need one row, one engine, one result model and one document model."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import aio_pika
import httpx2
import pytest

from deploy.local.child import Child, until
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.services import Service, not_ready
from tests.audio import tone
from tests.conftest import ROOT

ROW = """
    MELODY = "melody", Row(
        queue="melody", weight=10, makes=("melody",), waits_for="stem_separation", reads="vocals"
    )

    row: Row
"""
RESULT = """
class Melody(Frozen):
    kind: Literal["melody"] = "melody"
    note_count: int
    notes: FileName


Result = Annotated[Stems | Lyrics | Rhythm | Melody, Field(discriminator="kind")]
"""
DOCUMENT = """
class MelodyDocument(TaskDocument):
    note_count: int | None = None
    notes_path: str | None = None


class JobDocument(Frozen):
"""
ENGINE = """
import soundfile

from shared.events import Melody
from shared.tasks import Task
from shared.settings import Settings
from shared.web.server import run
from shared.worker.worker import work


def find(inputs, out, options, settings, progress):
    progress(0.5)
    (out / "melody.json").write_text("[]")
    return Melody(note_count=round(soundfile.info(inputs.audio).duration), notes="melody.json")


def warm(settings):
    pass


if __name__ == "__main__":
    settings = Settings()
    engine, warm = "services.melody.__main__:find", "services.melody.__main__:warm"
    run("melody", settings, work(Task.MELODY, engine, warm, settings))
"""
RULES = """
from datetime import UTC, datetime
from shared.events import JobSubmitted, Melody, Options, Song, Stems, TaskCompleted, TaskFailed
from shared.job import fold_all, ready
from shared.tasks import Task
from shared.view import view

now = datetime.now(UTC)
song = Song(name="song.wav", file_size=1, audio_duration=1)
options = Options(tasks=(Task.STEM_SEPARATION, Task.MELODY))
submission = JobSubmitted(job_id="job", at=now, song=song, options=options)
event = {"job_id": "job", "at": now, "task": Task.STEM_SEPARATION, "attempt": 1, "seq": 1, "processing_time": 1}
stems = Stems(model="", **{stem: f"{stem}.wav" for stem in ("vocals", "drums", "bass", "other", "instrumental")})
separated = TaskCompleted(**event, result=stems)
failed = TaskFailed(**event, summary="", error="", error_code="")
assert ready(submission, submission) == (Task.STEM_SEPARATION,)
assert ready(submission, separated) == (Task.MELODY,)
assert view(fold_all([submission, separated])).progress == 10 + 90 * 55 // 65
assert view(fold_all([submission, failed])).task(Task.MELODY).status == "skipped"
"""


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name} has {old!r} {text.count(old)} times"
    file.write_text(text.replace(old, new))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the code with a fourth task."""
    project = tmp_path / "project"
    for package in ("shared", "services/gateway", "services/status"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(ROOT / package, project / package, ignore=ignored)
    (project / "services" / "__init__.py").touch()
    replace(project / "shared" / "tasks.py", "\n    row: Row\n", ROW)
    replace(
        project / "shared" / "events.py",
        '\nResult = Annotated[Stems | Lyrics | Rhythm, Field(discriminator="kind")]\n',
        RESULT,
    )
    replace(project / "shared" / "document.py", "\nclass JobDocument(Frozen):\n", DOCUMENT)
    replace(
        project / "shared" / "document.py",
        "    beat_analysis: BeatAnalysisDocument\n",
        "    beat_analysis: BeatAnalysisDocument\n    melody: MelodyDocument\n",
    )
    engine = project / "services" / "melody"
    engine.mkdir()
    (engine / "__init__.py").touch()
    (engine / "__main__.py").write_text(ENGINE)
    return project


@pytest.fixture
async def broker(amqp_url: str) -> AsyncIterator[str]:
    """The broker, from which the fourth task's queues are removed in the end."""
    yield amqp_url
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        for queue in ("melody", "melody.dead"):
            await channel.queue_delete(queue)


@pytest.fixture
def gateway_url(project: Path, broker: str, mongo_url: str) -> Iterator[str]:
    """URL of a gateway that runs from the copy, beside a status service and the new worker."""
    names = ("gateway", "status", "melody")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    env = {
        **os.environ,
        "AMQP_URL": broker,
        "MONGO_URL": mongo_url,
        "MONGO_DATABASE": f"test-{uuid4().hex}",
        "STORAGE_URL": str(project / "storage"),
        "STATUS_URL": f"http://{LOOPBACK}:{ports['status']}",
        "PYTHONPATH": str(project),
    }
    services = {name: Service(name, port, {**env, "PORT": str(port)}) for name, port in ports.items()}
    children = [
        Child(name, ["env", "-C", str(project), *service.command], service.env, project / "logs" / f"{name}.log")
        for name, service in services.items()
    ]
    try:
        for child in children:
            child.start()
        until(lambda: not not_ready(services), children, seconds=60)
        yield services["gateway"].url
    finally:
        for child in children:
            child.end()


def test_the_rules_of_a_fourth_task_follow_from_its_row(project: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(project)}
    ran = subprocess.run(
        [sys.executable, "-c", RULES], cwd=project, env=environment, check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


async def test_a_job_runs_through_a_fourth_task(gateway_url: str) -> None:
    async with httpx2.AsyncClient(base_url=gateway_url) as client:
        files = {"file": ("song.wav", tone(2.0))}
        accepted = await client.post("/api/process", files=files, data={"tasks": "melody"})
        assert accepted.status_code == 202, accepted.text
        path = f"/api/status/{accepted.json()['job_id']}/events"
        async with client.stream("GET", path, timeout=60) as events:
            lines = [line async for line in events.aiter_lines()]
        document = (await client.get(accepted.headers["Location"])).json()
        notes = await client.get(document["melody"]["notes_path"])
    assert lines
    assert (document["status"], document["progress"], document["error_message"]) == ("completed", 100, None)
    assert document["melody"]["note_count"] == 2
    assert notes.json() == []
    assert document["stem_separation"]["status"] == "skipped"
