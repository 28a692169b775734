"""Uploads, events, audio files and processor times that the benchmark measures with."""

import io
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest
import soundfile

from bench import clients
from bench.audio import write_sample
from bench.events import job_events
from bench.processes import cpu_seconds
from bench.song_runs import medians
from deploy.local.child import StartError
from shared.job import fold_all
from shared.tasks import Task
from shared.view import view

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_generated_events_progress_all_tasks_of_a_job() -> None:
    events = list(job_events(["one", "two"], events_each=40))
    assert len(events) == 80
    document = view(fold_all(event for event in events if event.job_id == "two"))
    assert [document.task(task).progress for task in Task] == [12, 12, 12]


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_the_sample_song_is_repeated_to_the_requested_length(form: str, tmp_path: Path) -> None:
    length = soundfile.info(write_sample(tmp_path / f"song.{form}", 70)).duration
    assert length == pytest.approx(70, abs=0.1)


async def test_a_large_upload_is_a_valid_song_of_two_seconds() -> None:
    class NoBarrier:
        async def wait(self) -> None:
            """Return at once."""

    body = b"".join([piece async for piece in clients._large_wav(1_000_000, NoBarrier())])  # type: ignore[arg-type] # a fake
    assert len(body) == 1_000_000
    assert int.from_bytes(body[4:8], "little") == len(body) - 8
    with wave.open(io.BytesIO(body)) as sound:
        assert sound.getnframes() / sound.getframerate() == 2


def test_polling_reports_that_wrk_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(StartError, match="wrk"):
        clients.PollLoad(tmp_path, ["one"])


def test_processor_time_includes_ended_children() -> None:
    before = cpu_seconds([os.getpid()])
    subprocess.run([sys.executable, "-c", BURN], check=True)
    assert cpu_seconds([os.getpid()]) - before >= 0.3


def test_the_parts_of_a_song_are_medians_of_all_runs() -> None:
    assert medians([{"upload": 1.0}, {"upload": 2.0}, {"upload": 9.0}]) == {"upload": 2.0}
    assert medians([]) == {}
