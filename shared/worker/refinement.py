"""A second, better result of a task: how it is told, and how its files are kept from the first one's.

The beats are found in the song at once, and once more when the separator's drums are there. Two workers may be at
both at the same time, and a message may come late or again: whatever their order, the better result is what stays.
"""

import asyncio
from pathlib import Path
from typing import Final, get_args

import structlog

from shared.errors import KaraokeError
from shared.events import AudioFormat, JobSubmitted, Song, Task
from shared.storage.objects import Storage, drums_of, refined
from shared.telemetry.metrics import TASK_ERRORS, TASKS
from shared.worker.progress import Progress

log = structlog.get_logger()

FORMATS: Final[tuple[str, ...]] = get_args(AudioFormat)


class Refinement(Progress):
    """What an attempt at a second result tells the world: that result alone. Where it fails, the first one stays."""

    refines = True
    outcome = "refined"
    first_seq = 10_000
    """Later than any event of a first pass."""

    async def started(self, song: Song) -> None:
        log.info("refinement started", song=song.name, audio_duration=song.audio_duration)

    async def at(self, fraction: float) -> None:
        pass

    async def failed(self, error: KaraokeError) -> None:
        TASKS.labels(self.task, "not_refined").inc()
        TASK_ERRORS.labels(self.task, error.code).inc()
        log.warning("refinement failed; the first result stays", error=str(error), error_code=error.code)


async def lay_drums_beside(
    audio: Path, storage: Storage, task: Task, submission: JobSubmitted, *, needed: bool
) -> bool:
    """Whether there are drums for the beats to be found by, as `drums.<format>`.

    Who listens to them says so in the result, as `refined`. Raises PermanentError when they are `needed`, and gone.
    """
    name = drums_of(submission.options)
    key = f"{submission.job_id}/{name}"
    if needed:
        await storage.fetch(key, audio.with_name(name))
    return needed or (task is Task.BEAT_ANALYSIS and await storage.fetch_if_there(key, audio.with_name(name)))


async def is_refined(storage: Storage, task: Task, job_id: str) -> bool:
    return await storage.head(f"{job_id}/{refined(task)}") is not None


async def put_files(storage: Storage, task: Task, job_id: str, out: Path, *, better: bool) -> bool:
    """Puts all files of `out`; `better` ones were made with the drums.

    False when a refinement has put better ones meanwhile, which may be lost now: they are to be made again. The mark is
    put before the better files, and looked for after the others: where it is not there yet, the better ones come later.
    """
    if better:
        await storage.put(f"{job_id}/{refined(task)}", b"")
    await asyncio.gather(*(storage.put(f"{job_id}/{file.name}", file) for file in out.iterdir()))
    if better:
        await _delete_copies(storage, job_id, out)
    return better or task is not Task.BEAT_ANALYSIS or not await is_refined(storage, task, job_id)


async def _delete_copies(storage: Storage, job_id: str, out: Path) -> None:
    """Those in other formats that the gateway has made of audio files that were replaced."""
    made = {file.name for file in out.iterdir()}
    stems = {file.stem for file in out.iterdir() if file.suffix[1:] in FORMATS}
    copies = {f"{stem}.{form}" for stem in stems for form in FORMATS} - made
    for name in copies & (await storage.sizes(job_id)).keys():
        await storage.delete(f"{job_id}/{name}")
