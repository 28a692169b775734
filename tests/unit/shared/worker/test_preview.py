"""The lines of a running transcription, in a real storage, on a bus that only records events."""

from pathlib import Path
from typing import Any

import pytest

from shared.errors import TransientError
from shared.events import TaskPreviewed
from shared.storage.job_files import PARTIAL_LYRICS, Storage
from shared.tasks import Task
from shared.worker.preview import Preview
from shared.worker.progress import Progress
from tests.fakes import JOB_ID, submitted
from tests.outage import unavailable


class Announced:
    """A bus that records the numbers of lines."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.is_away = False

    async def publish(self, event: TaskPreviewed, *, within: float) -> None:
        if self.is_away:
            raise TransientError("The message broker is away")
        self.lines.append(event.lines)


class Attempt:
    """An attempt at a transcription, with the lines that its engine has written."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "storage"
        self.storage = Storage(str(self.root))
        self.out = folder / "out"
        self.out.mkdir()
        self.bus = Announced()
        bus: Any = self.bus
        progress = Progress(bus, JOB_ID, Task.TRANSCRIPTION, run=0, attempt=1)
        self.preview = Preview(self.storage, JOB_ID, self.out, progress)

    async def report(self, lines: int) -> None:
        (self.out / PARTIAL_LYRICS).write_text(f"{lines} lines")
        await self.preview.store(lines)


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    return Attempt(tmp_path)


async def test_more_lines_are_stored_and_then_announced_once(attempt: Attempt) -> None:
    await attempt.storage.put_manifest(submitted())
    await attempt.preview.store(0)
    for lines in (3, 3, 8, 8):
        await attempt.report(lines)
    assert attempt.bus.lines == [3, 8]
    assert await attempt.storage.get(f"{JOB_ID}/{PARTIAL_LYRICS}") == b"8 lines"


async def test_lines_of_a_deleted_job_are_neither_stored_nor_announced(attempt: Attempt) -> None:
    await attempt.report(3)
    assert attempt.bus.lines == []
    assert await attempt.storage.sizes(JOB_ID) == {}


async def test_lines_wait_for_an_unavailable_storage_and_the_computation_does_not(attempt: Attempt) -> None:
    await attempt.storage.put_manifest(submitted())
    with unavailable(attempt.root):
        await attempt.report(3)
    assert attempt.bus.lines == []
    await attempt.report(3)
    assert attempt.bus.lines == [3]


async def test_lines_that_cannot_be_announced_do_not_stop_the_computation(attempt: Attempt) -> None:
    await attempt.storage.put_manifest(submitted())
    attempt.bus.is_away = True
    await attempt.report(3)
    assert attempt.bus.lines == []
