"""What a worker lays beside the audio of a task; storage is a real directory."""

from pathlib import Path
from typing import Any

import pytest

from shared.events import Task
from shared.storage.objects import Storage
from shared.worker.task_runner import Attempts
from tests.fakes import JOB_ID


async def laid(task: Task, tmp_path: Path, *names: str) -> list[str]:
    """The names beside `vocals.mp3`, when these files of the job are there."""
    storage = Storage(str(tmp_path / "storage"))
    for name in names:
        await storage.put(f"{JOB_ID}/{name}", name.encode())
    none: Any = None
    folder = tmp_path / "task"
    folder.mkdir()
    await Attempts(task, "", none, none, storage, none)._lay_words_beside(folder / "vocals.mp3", JOB_ID)
    assert all(file.read_text() == file.name for file in folder.iterdir())
    return sorted(file.name for file in folder.iterdir())


async def test_a_transcription_gets_words_beats_and_music(tmp_path: Path) -> None:
    names = ["beats.json", "instrumental.mp3", "words.txt"]
    assert await laid(Task.TRANSCRIPTION, tmp_path, *names, "drums.mp3", "instrumental.wav") == names


async def test_it_does_without_what_is_not_there(tmp_path: Path) -> None:
    assert await laid(Task.TRANSCRIPTION, tmp_path) == []


@pytest.mark.parametrize("task", [Task.STEM_SEPARATION, Task.BEAT_ANALYSIS])
async def test_other_tasks_get_none_of_it(task: Task, tmp_path: Path) -> None:
    assert await laid(task, tmp_path, "words.txt", "instrumental.mp3", "beats.json") == []
