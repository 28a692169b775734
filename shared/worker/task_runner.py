"""One attempt at a task: fetch its inputs, compute in the child process, store the files, publish the outcome."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import stamina
import structlog

from shared.broker.bus import Bus
from shared.broker.delivery import Delivery
from shared.broker.topology import CONSUMER_TIMEOUT_SECONDS, DELIVERY_LIMIT
from shared.errors import KaraokeError, PermanentError, StorageUnavailableError, TransientError, on_a_full_disk
from shared.events import AlignmentRequested, CorrectedLyrics, JobEvent, JobSubmitted, Result, TaskEvent, TasksRerun
from shared.job import is_refinement
from shared.settings import Settings
from shared.storage.job_files import Storage
from shared.tasks import Input, Task
from shared.telemetry.metrics import AUDIO_SECONDS, TASK_SECONDS
from shared.worker.alignment import AlignmentProgress, align
from shared.worker.alignment import Engine as AlignmentEngine
from shared.worker.compute import Compute
from shared.worker.compute import progress as progress_of_child
from shared.worker.phases import note_wait, phase
from shared.worker.plan import Plan
from shared.worker.preview import Preview
from shared.worker.progress import Progress
from shared.worker.refinement import RefinementProgress, put_result

log = structlog.get_logger()

STORAGE_SECONDS: Final = 600.0
"""Seconds that a result waits for an unavailable storage before the task is computed again."""


class TaskPostponedError(Exception):
    """The storage is unavailable, so the attempt does not count. `not_begun` if it has published nothing."""

    def __init__(self, cause: StorageUnavailableError, *, not_begun: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.not_begun = not_begun


@dataclass(frozen=True)
class TaskRunner:
    """Runs attempts at the task of one service.

    `engine` names the function that computes (`package.module:function`). It runs in the child process and is called
    with its `shared.worker.inputs.Inputs`, an empty directory for the files that its result names, the job's options,
    the settings and a `shared.worker.inputs.Progress` to report to. It returns the task's result.
    `wants` are the inputs besides the audio that the engine reads when the job has them.
    `aligner` names the function that aligns lines which a user chose, of a service that can do this
    (`services.transcriber.engine:align`).
    """

    task: Task
    engine: str
    wants: tuple[Input, ...]
    settings: Settings
    bus: Bus
    storage: Storage
    compute: Compute
    aligner: str = ""

    async def run(self, event: JobEvent, delivery: Delivery) -> None:
        """Return when the task has ended, successfully or not.

        Raises KaraokeError if another attempt may succeed, and TaskPostponedError while the storage is unavailable.
        """
        run = event.run if isinstance(event, TaskEvent | TasksRerun) else 0
        refines = is_refinement(self.task, event)
        kind = RefinementProgress if refines else Progress
        progress = (
            AlignmentProgress(self.bus, event, self.task, delivery.attempt)
            if isinstance(event, AlignmentRequested)
            else kind(self.bus, event.job_id, self.task, run, delivery.attempt)
        )
        note_wait(self.task, event, delivery)
        try:
            with TASK_SECONDS.labels(self.task).time(), on_a_full_disk():
                submission = await self._submission(event.job_id)
                if isinstance(event, AlignmentRequested) and isinstance(progress, AlignmentProgress):
                    await align(event, submission, self.storage, self._align(submission), progress)
                    return
                if refines and delivery.attempt == 1 and await self.storage.is_refined(event.job_id, self.task):
                    log.info("nothing to refine: the first pass had all inputs")
                    return
                plan = Plan.of(self.task, submission.options, self.wants, refines=refines)
                await self._compute(plan, submission, progress)
        except StorageUnavailableError as error:
            raise TaskPostponedError(error, not_begun=not progress.has_started) from error
        except Exception as error:
            if isinstance(error, KaraokeError):
                known = error
            else:
                log.exception("unexpected error")
                known = TransientError("An internal error occurred", type(error).__name__, code="internal_error")
            if not isinstance(known, PermanentError) and delivery.counted <= DELIVERY_LIMIT:
                raise known from error
            await progress.failed(known)
        finally:
            self.compute.gpu.show(self.task)

    async def _submission(self, job_id: str) -> JobSubmitted:
        """Raises PermanentError for a job that was cancelled or has expired."""
        submission = await self.storage.manifest(job_id)
        if submission is None:
            raise PermanentError("The job's files are missing", code="files_missing")
        return submission

    async def _compute(self, plan: Plan, submission: JobSubmitted, progress: Progress) -> None:
        """Return once the result has been published."""
        job_id = submission.job_id
        with TemporaryDirectory(prefix=f"{self.task}-", ignore_cleanup_errors=True) as folder:
            with phase(self.task, "load"):
                inputs = await plan.fetch(self.storage, job_id, Path(folder))
            if not progress.has_started:  # this may be the second round
                await progress.started(submission.song)
            out = Path(folder, "out")
            out.mkdir()
            preview = Preview(self.storage, job_id, out, progress)

            async def report(fraction: float, lines: int) -> None:
                await progress.report(fraction)
                await preview.store(lines)

            with phase(self.task, "compute"):
                result: Result = await self.compute.run(
                    self.engine,
                    *(inputs, out, submission.options, self.settings, progress_of_child),
                    timeout=self._deadline(submission),
                    report=report,
                    low_priority=plan.refines,  # users wait for the tasks that it would slow down
                )
            AUDIO_SECONDS.labels(self.task).inc(submission.song.audio_duration)
            with phase(self.task, "write"):
                if await self._store(job_id, out, refined=plan.makes_refined_result(inputs)):
                    await progress.completed(result, submission)
                    return
        await self._compute(plan, submission, progress)  # this time it finds the input that makes the better result

    def _align(self, submission: JobSubmitted) -> AlignmentEngine:
        """Return a function that aligns lines in the child process."""

        async def aligned(audio: Path, request: Path, out: Path) -> CorrectedLyrics:
            with phase(self.task, "compute"):
                result: CorrectedLyrics = await self.compute.run(
                    self.aligner,
                    *(audio, request, out, self.settings),
                    timeout=self._deadline(submission),
                )
            return result

        return aligned

    @stamina.retry(on=StorageUnavailableError, attempts=None, timeout=STORAGE_SECONDS, wait_max=10)
    async def _store(self, job_id: str, out: Path, *, refined: bool) -> bool:
        """Store the result, once the storage is available. Return False if a better result may have been replaced."""
        await self._submission(job_id)  # files of a job that was deleted meanwhile would stay until they are swept
        return await put_result(self.storage, job_id, self.task, out, refined=refined)

    def _deadline(self, submission: JobSubmitted) -> float:
        """Seconds after which a task must be stuck: a CPU separates at about the speed at which the song plays."""
        seconds = self.settings.deadline_seconds + 5 * submission.song.audio_duration
        return min(seconds, CONSUMER_TIMEOUT_SECONDS - 600)
