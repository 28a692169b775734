"""A second, better result of a task: how it is published, and how its files win over those of the first pass.

The beats are found in the song at once, and again with the separator's drums. Two workers may do both passes at the
same time, and a message may be late or repeated. Whatever their order, the better result stays.
"""

import asyncio
from pathlib import Path
from typing import Final, get_args

import structlog

from shared.errors import KaraokeError
from shared.events import AudioFormat, Song
from shared.storage.job_files import Storage
from shared.tasks import Task
from shared.telemetry.metrics import TASK_ERRORS, TASKS
from shared.worker.progress import Progress

log = structlog.get_logger()

FORMATS: Final[tuple[str, ...]] = get_args(AudioFormat)


class RefinementProgress(Progress):
    """Publishes the result of a second pass and nothing else. When the pass fails, the first result stays."""

    refines = True
    outcome = "refined"
    first_seq = 10_000
    """Greater than that of any event of a first pass."""

    async def started(self, song: Song) -> None:
        self.has_started = True
        log.info("refinement started", audio_duration=song.audio_duration)

    async def report(self, fraction: float) -> None:
        pass

    async def previewed(self, lines: int) -> None:
        pass

    async def failed(self, error: KaraokeError) -> None:
        TASKS.labels(self.task, "not_refined").inc()
        TASK_ERRORS.labels(self.task, error.code).inc()
        log.warning("refinement failed; the first result stays", error=str(error), error_code=error.code)


async def put_result(storage: Storage, job_id: str, task: Task, out: Path, *, refined: bool) -> bool:
    """Store all files of `out`. Return False when they may have overwritten the files of a better result.

    The mark is stored before the files of a refined result, and looked for after the files of a first one. If it is not
    there by then, the better files will be stored later.
    """
    if refined:
        await storage.mark_refined(job_id, task)
    await asyncio.gather(*(storage.put(f"{job_id}/{file.name}", file) for file in out.iterdir()))
    if refined:
        await _delete_copies(storage, job_id, out)
    return refined or task.refined_by is None or not await storage.is_refined(job_id, task)


async def _delete_copies(storage: Storage, job_id: str, out: Path) -> None:
    """Delete the copies in other formats that the gateway made of audio files that were now replaced."""
    made = {file.name for file in out.iterdir()}
    stems = {file.stem for file in out.iterdir() if file.suffix[1:] in FORMATS}
    copies = {f"{stem}.{form}" for stem in stems for form in FORMATS} - made
    for name in copies & (await storage.sizes(job_id)).keys():
        await storage.delete(f"{job_id}/{name}")
