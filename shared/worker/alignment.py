"""Alignment of lines that a user chose: another kind of work for a worker, beside its task.

The result becomes a correction of the lyrics. Creating its object is the comparison with what the user knew: the object
can only be created if no correction was stored meanwhile, by an editor or by a transcription of new lyrics.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import structlog

from shared.broker.bus import Bus
from shared.errors import KaraokeError, PermanentError
from shared.events import AlignmentCompleted, AlignmentFailed, AlignmentRequested, CorrectedLyrics, JobSubmitted, Song
from shared.lyrics.alignment import AlignmentRequest
from shared.lyrics.document import shown
from shared.storage.job_files import Storage, alignment_request, audio_file, corrected, latest_correction
from shared.storage.objects import MISSING
from shared.tasks import Task
from shared.telemetry.metrics import TASK_ERRORS, TASKS
from shared.worker.progress import ERROR_LENGTH, PUBLISH_SECONDS, Progress

log = structlog.get_logger()

LYRICS: Final = "lyrics.json"

Engine = Callable[[Path, Path, Path], Awaitable[CorrectedLyrics]]
"""Aligns the lines: called with the audio, the `AlignmentRequest` and an empty directory for the new `lyrics.json`."""


class AlignmentProgress(Progress):
    """Publishes the outcome of an alignment and nothing else."""

    def __init__(self, bus: Bus, event: AlignmentRequested, task: Task, attempt: int) -> None:
        super().__init__(bus, event.job_id, task, 0, attempt)
        self._number = event.number

    async def started(self, song: Song) -> None:
        self.has_started = True
        log.info("alignment started", number=self._number, audio_duration=song.audio_duration)

    async def aligned(self, correction: int, lyrics: CorrectedLyrics) -> None:
        outcome = self._fields() | {"correction": correction, "lyrics": lyrics}
        await self._bus.publish(AlignmentCompleted.model_validate(outcome), within=PUBLISH_SECONDS)
        TASKS.labels(self.task, "aligned").inc()
        log.info("alignment completed", number=self._number, correction=correction, seconds=self._elapsed())

    async def failed(self, error: KaraokeError) -> None:
        outcome = self._fields() | {"error": error.summary[:ERROR_LENGTH], "error_code": error.code}
        await self._bus.publish(AlignmentFailed.model_validate(outcome), within=PUBLISH_SECONDS)
        TASKS.labels(self.task, "not_aligned").inc()
        TASK_ERRORS.labels(self.task, error.code).inc()
        log.warning("alignment failed", number=self._number, error=str(error), error_code=error.code)

    def _fields(self) -> dict[str, Any]:
        return {"job_id": self._job_id, "at": datetime.now(UTC), "number": self._number}


async def align(
    event: AlignmentRequested, submission: JobSubmitted, storage: Storage, engine: Engine, progress: AlignmentProgress
) -> None:
    """Return once the outcome has been published. Raises PermanentError `lyrics_changed` and `files_missing`."""
    job_id = submission.job_id
    with TemporaryDirectory(prefix="alignment-", ignore_cleanup_errors=True) as folder:
        name = alignment_request(event.number)
        path = await storage.fetch(f"{job_id}/{name}", Path(folder, name))
        correction = AlignmentRequest.model_validate_json(path.read_bytes()).correction
        stored = await _stored(storage, job_id, correction, event.number)
        if stored is None:
            name = audio_file(progress.task, submission.options)
            audio = await storage.fetch(f"{job_id}/{name}", Path(folder, name))
            await progress.started(submission.song)
            out = Path(folder, "out")
            out.mkdir()
            stored = await engine(audio, path, out)
            document = json.loads((out / LYRICS).read_bytes()) | {"aligned": event.number}
            await _store(storage, job_id, correction, json.dumps(document, ensure_ascii=False, indent=1).encode())
    await progress.aligned(correction, stored)


async def _stored(storage: Storage, job_id: str, correction: int, number: int) -> CorrectedLyrics | None:
    """Return the result if an attempt before has stored it. Raises PermanentError if the lyrics were changed."""
    if latest_correction(await storage.sizes(job_id), LYRICS) < correction:
        return None
    try:
        document = json.loads(await storage.get(f"{job_id}/{corrected(LYRICS, correction)}") or b"{}")
    except MISSING:  # two later ones have replaced it
        raise _changed() from None
    if document.get("aligned") != number:
        raise _changed()
    return shown(document)


async def _store(storage: Storage, job_id: str, correction: int, content: bytes) -> None:
    if await storage.manifest(job_id) is None:
        raise PermanentError("The job's files are missing", code="files_missing")
    is_unchanged = latest_correction(await storage.sizes(job_id), LYRICS) < correction
    if not (is_unchanged and await storage.claim(f"{job_id}/{corrected(LYRICS, correction)}", content)):
        raise _changed()


def _changed() -> PermanentError:
    return PermanentError("The lyrics were changed meanwhile. Get them again, then align them", code="lyrics_changed")
