"""Attempts at a task: what is read for them, computed and written, and what is told of it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from shared.broker.bus import Bus
from shared.broker.delivery import Delivery
from shared.broker.topology import CONSUMER_TIMEOUT_SECONDS, DELIVERY_LIMIT
from shared.errors import KaraokeError, PermanentError, TransientError, on_a_full_disk
from shared.events import JobEvent, JobSubmitted, Result, Task, TaskEvent, TasksRerun
from shared.job import is_refinement
from shared.settings import Settings
from shared.storage.objects import BEATS, INSTRUMENTAL, WORDS, Storage, input_of
from shared.telemetry.metrics import AUDIO_SECONDS, TASK_SECONDS
from shared.worker.compute import Compute
from shared.worker.compute import progress as progress_of_child
from shared.worker.phases import note_wait, phase
from shared.worker.progress import Progress
from shared.worker.refinement import Refinement, is_refined, lay_drums_beside, put_files

log = structlog.get_logger()


@dataclass(frozen=True)
class Attempts:
    """`engine` names the function that computes, `package.module:function`; it runs in the child process.

    It is called with the path of the input, an empty directory for the files that its result names, the
    job's options, the settings, and a function to report progress to, and returns the task's result.
    Beside the input of a transcription lie, where there are some, the user's own words, the beats and the instrumental.
    """

    task: Task
    engine: str
    settings: Settings
    bus: Bus
    storage: Storage
    compute: Compute

    async def make(self, event: JobEvent, delivery: Delivery) -> None:
        """Returns when the task has ended, one way or the other. Raises what another attempt may cure."""
        run = event.run if isinstance(event, TaskEvent | TasksRerun) else 0
        told = Refinement if is_refinement(self.task, event) else Progress
        progress = told(self.bus, event.job_id, self.task, run, delivery.attempt)
        note_wait(self.task, event, delivery)
        try:
            with TASK_SECONDS.labels(self.task).time(), on_a_full_disk():
                submission = await self._submission(event.job_id)
                may_be_late = progress.refines and delivery.attempt == 1
                if may_be_late and await is_refined(self.storage, self.task, event.job_id):
                    log.info("nothing to refine: the first pass came so late that it had the drums")
                    return
                await progress.started(submission.song)
                await self._compute(submission, progress)
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
        """Raises PermanentError for a job that is over: cancelled, or expired."""
        submission = await self.storage.manifest(job_id)
        if submission is None:
            raise PermanentError("The job's files are gone", code="files_missing")
        return submission

    async def _compute(self, submission: JobSubmitted, progress: Progress) -> None:
        """Returns once the result is told."""
        asked = submission.options
        name = input_of(self.task, asked)
        with TemporaryDirectory(prefix=f"{self.task}-", ignore_cleanup_errors=True) as folder:
            with phase(self.task, "load"):
                audio = await self.storage.fetch(f"{submission.job_id}/{name}", Path(folder, name))
                await self._lay_words_beside(audio, submission.job_id)
                better = await lay_drums_beside(audio, self.storage, self.task, submission, needed=progress.refines)
            out = Path(folder, "out")
            out.mkdir()
            with phase(self.task, "compute"):
                result: Result = await self.compute.run(
                    self.engine,
                    *(audio, out, asked, self.settings, progress_of_child),
                    timeout=self._deadline(submission),
                    report=progress.at,
                    gives_way=progress.refines,  # it would slow down what the user waits for
                )
            AUDIO_SECONDS.labels(self.task).inc(submission.song.audio_duration)
            with phase(self.task, "write"):
                await self._submission(submission.job_id)  # what is written for a job that is over lies about for long
                are_latest = await put_files(self.storage, self.task, submission.job_id, out, better=better)
                if are_latest:
                    await progress.completed(result, submission)
                    return
        await self._compute(submission, progress)  # the drums are there by now

    async def _lay_words_beside(self, audio: Path, job_id: str) -> None:
        """A transcription's further inputs, where they are there: the user's own words, the beats, the music."""
        beside = (WORDS, BEATS, f"{INSTRUMENTAL}{audio.suffix}") if self.task is Task.TRANSCRIPTION else ()
        await asyncio.gather(
            *(self.storage.fetch_if_there(f"{job_id}/{name}", audio.with_name(name)) for name in beside)
        )

    def _deadline(self, submission: JobSubmitted) -> float:
        """Seconds after which a task is surely stuck: a CPU separates at about the song's own speed."""
        seconds = self.settings.deadline_seconds + 5 * submission.song.audio_duration
        return min(seconds, CONSUMER_TIMEOUT_SECONDS - 600)
