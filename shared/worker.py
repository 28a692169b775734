"""A service that does one task: takes a message, computes in its child process, says what came of it, settles."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog
from aio_pika.abc import AbstractIncomingMessage
from pydantic import ValidationError

from shared import topology, tracing
from shared.bus import Bus
from shared.compute import Compute
from shared.compute import progress as progress_of_child
from shared.delivery import Delivery, is_void
from shared.errors import KaraokeError, PermanentError, StorageFullError, TransientError, on_a_full_disk
from shared.events import JobEvent, JobRetried, JobSubmitted, Result, Task, TaskEvent, decode
from shared.health import Health, State
from shared.job import is_refinement
from shared.phases import note_wait, phase
from shared.progress import Progress
from shared.refinement import Refinement, is_refined, lay_drums_beside, put_files
from shared.server import forever, serving
from shared.settings import Settings
from shared.storage import BEATS, INSTRUMENTAL, WORDS, Storage, input_of
from shared.telemetry import AUDIO_SECONDS, TASK_ERRORS, TASK_SECONDS, TASKS, at_zero
from shared.topology import CONSUMER_TIMEOUT_SECONDS, DELIVERY_LIMIT, TASK_QUEUES

log = structlog.get_logger()

OUTCOMES: Final = ("completed", "failed", "retried", "refined", "not_refined", "cancelled", "handed_back")
"""Of attempts."""


@dataclass
class Worker:
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
    health: Health
    _running: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _one: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _current: tuple[str, asyncio.Task[None]] | None = field(default=None, init=False)  # the job, and the attempt at it
    _cancelled: deque[str] = field(default_factory=lambda: deque(maxlen=1000), init=False)  # the latest jobs that were
    _ended: str | None = field(default=None, init=False)  # the message that was last worked off

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[None]:
        """Takes tasks, one at a time, until left; then lets the running one finish within the grace time."""
        async with self.bus.listening("job_cancelled", self._cancel):
            try:
                async with self.bus.consuming(TASK_QUEUES[self.task], self._take, prefetch=1):
                    yield
            finally:
                await self._drain()

    async def _drain(self) -> None:
        if self._running:
            log.info("draining", grace_seconds=self.settings.grace_seconds)
            _, late = await asyncio.wait(self._running, timeout=self.settings.grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _cancel(self, message: AbstractIncomingMessage) -> None:
        job_id = decode(message.body).job_id
        self._cancelled.append(job_id)
        if self._current and self._current[0] == job_id:
            self._current[1].cancel()  # and with it the computation, whose child is killed

    async def _take(self, message: AbstractIncomingMessage) -> None:
        running = asyncio.create_task(self._settle(message))
        self._running.add(running)
        running.add_done_callback(self._settled)

    def _settled(self, done: asyncio.Task[None]) -> None:
        self._running.discard(done)
        if not done.cancelled() and (error := done.exception()):
            log.warning("not settled; the broker hands it out again", error=str(error))

    async def _settle(self, message: AbstractIncomingMessage) -> None:
        try:
            event = decode(message.body)
        except ValidationError as error:
            log.warning("undecodable message", body=message.body[:200], error=str(error))
            await message.reject(requeue=False)
            return
        delivery = Delivery.of(message)
        about: dict[str, str | int] = {"job_id": event.job_id, "task": self.task, "attempt": delivery.attempt}
        with (
            structlog.contextvars.bound_contextvars(**about),
            tracing.received(f"attempt {self.task}", message.headers, **about),
        ):
            try:
                # One at a time, also when a connection was lost meanwhile and the broker hands the same task out again.
                async with self._one:
                    if is_void(message):
                        return
                    if self._is_due(message, event):
                        self._current = event.job_id, asyncio.create_task(self._attempt(event, delivery))
                        await self._current[1]
                        self._ended = message.message_id
            except asyncio.CancelledError:
                if event.job_id not in self._cancelled:
                    log.warning("task handed back")
                    TASKS.labels(self.task, "handed_back").inc()
                    await self._again(message, spare=True)
                    raise
                log.info("task cancelled")
                TASKS.labels(self.task, "cancelled").inc()
                await self.storage.delete_job(event.job_id)  # what was written after the job's files were removed
                await message.ack()
            except KaraokeError as error:
                seconds = topology.RETRY_SECONDS[min(delivery.spent, len(topology.RETRY_SECONDS)) - 1]
                log.warning("attempt failed", error=str(error), next_attempt_seconds=seconds)
                TASKS.labels(self.task, "retried").inc()
                TASK_ERRORS.labels(self.task, error.code).inc()
                await self._again(message, after=seconds)
            else:
                await message.ack()

    def _is_due(self, message: AbstractIncomingMessage, event: JobEvent) -> bool:
        has_ended = message.message_id is not None and message.message_id == self._ended
        return not has_ended and event.job_id not in self._cancelled

    async def _again(self, message: AbstractIncomingMessage, *, after: float = 0, spare: bool = False) -> None:
        """Puts the task back into its queue, later or sparing the attempt; where that fails, as the broker does it."""
        if is_void(message):
            return
        try:
            await self.bus.redeliver(message, TASK_QUEUES[self.task], after=after, spare=spare, within=10)
        except TransientError:
            await message.reject(requeue=True)
        else:
            await message.ack()

    async def _attempt(self, event: JobEvent, delivery: Delivery) -> None:
        """Returns when the task has ended, one way or the other. Raises what another attempt may cure."""
        run = event.run if isinstance(event, TaskEvent | JobRetried) else 0
        told = Refinement if is_refinement(self.task, event) else Progress
        progress = told(self.bus, event.job_id, self.task, run, delivery.attempt)
        self.health.state = State.BUSY
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
            if not isinstance(known, PermanentError) and delivery.spent <= DELIVERY_LIMIT:
                raise known from error
            await progress.failed(known)
        finally:
            self.compute.gpu.show(self.task)
            self.health.state = State.READY

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


async def work(task: Task, engine: str, warm: str, settings: Settings) -> None:
    """Runs a worker until cancelled: `warm` is called in the child with the settings before the first task."""
    bus = Bus(settings.amqp_url, TASK_QUEUES[task], declares=settings.declare_topology)
    health = Health(bus.check)
    at_zero(TASKS, *((task, outcome) for outcome in OUTCOMES))
    at_zero(TASK_ERRORS, (task, StorageFullError.code))
    async with serving(health.app(), settings), bus:
        with Compute(TASK_QUEUES[task], settings) as compute:
            await compute.run(warm, settings)
            worker = Worker(task, engine, settings, bus, Storage(settings.storage_url), compute, health)
            async with worker.consuming():
                health.state = State.READY
                log.info("ready")
                await forever()
