"""Inputs that a worker fetches for an attempt; storage is a real directory."""

from dataclasses import asdict
from pathlib import Path

import pytest

from shared.errors import PermanentError
from shared.events import Options
from shared.storage.job_files import Storage
from shared.tasks import Input, Task
from shared.worker.inputs import Inputs
from shared.worker.plan import Plan
from tests.fakes import JOB_ID

SEPARATION, TRANSCRIPTION, BEATS = Task
ALL: tuple[Input, ...] = ("lyrics", "beats", "instrumental", "drums", "tags")
DRUMS: tuple[Input, ...] = ("drums",)
MP3 = Options(format="mp3")


async def fetched(plan: Plan, folder: Path, *names: str) -> dict[str, str]:
    """Return the inputs as names of files, when a job has the files `names`."""
    storage = Storage(str(folder / "storage"))
    for name in names:
        await storage.put(f"{JOB_ID}/{name}", name.encode())
    target = folder / "task"
    target.mkdir()
    inputs = asdict(await plan.fetch(storage, JOB_ID, target))
    assert all(path.read_text() == path.name for path in inputs.values() if path)
    return {name: path.name for name, path in inputs.items() if path}


async def test_a_task_gets_the_inputs_that_its_service_wants(tmp_path: Path) -> None:
    plan = Plan.of(TRANSCRIPTION, MP3, ("lyrics", "beats", "instrumental", "tags"), refines=False)
    files = ("vocals.mp3", "words.txt", "tags.json", "beats.json", "instrumental.mp3", "drums.mp3", "instrumental.wav")
    assert await fetched(plan, tmp_path, *files) == {
        "audio": "vocals.mp3",
        "lyrics": "words.txt",
        "beats": "beats.json",
        "instrumental": "instrumental.mp3",
        "tags": "tags.json",
    }


async def test_a_missing_optional_input_is_none(tmp_path: Path) -> None:
    plan = Plan.of(TRANSCRIPTION, MP3, ALL, refines=False)
    assert await fetched(plan, tmp_path, "vocals.mp3") == {"audio": "vocals.mp3"}


async def test_a_missing_audio_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="missing"):
        await fetched(Plan.of(TRANSCRIPTION, MP3, ALL, refines=False), tmp_path, "song.flac")


def test_a_transcription_reads_the_song_when_nobody_separates_it() -> None:
    alone = Options(tasks=(TRANSCRIPTION, BEATS))
    assert Plan.of(TRANSCRIPTION, alone, (), refines=False).audio == "song.flac"


async def test_a_refinement_needs_the_drums(tmp_path: Path) -> None:
    plan = Plan.of(BEATS, MP3, DRUMS, refines=True)
    with pytest.raises(PermanentError, match="missing"):
        await fetched(plan, tmp_path, "song.flac")


def test_a_first_pass_that_finds_the_drums_makes_the_refined_result(tmp_path: Path) -> None:
    plan = Plan.of(BEATS, MP3, DRUMS, refines=False)
    assert plan.makes_refined_result(Inputs(tmp_path, drums=tmp_path))
    assert not plan.makes_refined_result(Inputs(tmp_path))
    other = Plan.of(TRANSCRIPTION, MP3, ALL, refines=False)
    assert not other.makes_refined_result(Inputs(tmp_path, drums=tmp_path))
