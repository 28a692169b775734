"""A service that does one task: takes a message, computes in its child process, says what came of it, settles."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from aio_pika.abc import AbstractIncomingMessage
from pydantic import ValidationError

from shared.bus import BROKER_ERRORS, Bus, deliveries
from shared.compute import Compute
from shared.compute import progress as progress_of_child
from shared.errors import KaraokeError, PermanentError
from shared.events import JobEvent, JobRetried, JobSubmitted, Result, Stems, Task, TaskCompleted, TaskEvent, decode
from shared.health import Health, State
from shared.progress import Progress
from shared.server import forever, serving
from shared.settings import Settings
from shared.storage import SONG, Storage
from shared.telemetry import TASK_SECONDS, TASKS
from shared.topology import DELIVERY_LIMIT, TASK_QUEUES

log = structlog.get_logger()

BACKOFF_SECONDS = (1.0, 5.0, 15.0)


@dataclass(frozen=True)
class Worker:
    """`engine` names the function that computes, `package.module:function`; it runs in the child process.

    It is called with the path of the input, an empty directory for the files that its result names, the
    job's options, the settings, and a function to report progress to, and returns the task's result.
    """

    task: Task
    engine: str
    settings: Settings
    bus: Bus
    storage: Storage
    compute: Compute
    health: Health
    _running: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[None]:
        """Takes tasks, one at a time, until left; then lets the running one finish within the grace time."""
        try:
            async with self.bus.consuming(TASK_QUEUES[self.task], self._take, prefetch=1):
                yield
        finally:
            if self._running:
                log.info("draining", grace_seconds=self.settings.grace_seconds)
                _, late = await asyncio.wait(self._running, timeout=self.settings.grace_seconds)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        running = asyncio.create_task(self._settle(message))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        with suppress(asyncio.CancelledError, *BROKER_ERRORS):  # unsettled, the broker hands it to somebody else
            await running

    async def _settle(self, message: AbstractIncomingMessage) -> None:
        try:
            event = decode(message.body)
        except ValidationError as error:
            log.warning("undecodable message", body=message.body[:200], error=str(error))
            await message.reject(requeue=False)
            return
        attempt = deliveries(message)
        with structlog.contextvars.bound_contextvars(job_id=event.job_id, task=self.task, attempt=attempt):
            try:
                done = await self._attempt(event, attempt)
            except asyncio.CancelledError:
                log.warning("task handed back")
                await message.nack(requeue=True)
                raise
            if done:
                await message.ack()
            else:
                await asyncio.sleep(BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS)) - 1])
                await message.reject(requeue=True)

    async def _attempt(self, event: JobEvent, attempt: int) -> bool:
        """Whether the task has ended, one way or the other."""
        submission = await self.storage.manifest(event.job_id)
        if submission is None:
            log.warning("no such job any more")
            return True
        run = event.run if isinstance(event, TaskEvent | JobRetried) else 0
        progress = Progress(self.bus, submission, self.task, run, attempt)
        self.health.state = State.BUSY
        try:
            with TASK_SECONDS.labels(self.task).time():
                await progress.started()
                result = await self._compute_result(submission, event, progress)
                await progress.completed(result)
        except Exception as error:  # whatever went wrong, the job has to end
            if not isinstance(error, KaraokeError):
                log.exception("unexpected error")
                error = KaraokeError("An internal error occurred", type(error).__name__)
            if not isinstance(error, PermanentError) and attempt <= DELIVERY_LIMIT:
                log.warning("attempt failed", error=str(error))
                TASKS.labels(self.task, "retried").inc()
                return False
            await progress.failed(error)
            TASKS.labels(self.task, "failed").inc()
            return True
        finally:
            self.health.state = State.READY
        TASKS.labels(self.task, "completed").inc()
        return True

    async def _compute_result(self, submission: JobSubmitted, event: JobEvent, progress: Progress) -> Result:
        stems = event.result if isinstance(event, TaskCompleted) and isinstance(event.result, Stems) else None
        name = stems.vocals if stems else SONG
        with TemporaryDirectory(prefix=f"{self.task}-") as folder:
            audio = await self.storage.fetch(f"{submission.job_id}/{name}", Path(folder, name))
            out = Path(folder, "out")
            out.mkdir()
            result: Result = await self.compute.run(
                self.engine,
                *(audio, out, submission.options, self.settings, progress_of_child),
                timeout=_deadline(submission),
                report=progress.at,
            )
            for file in out.iterdir():
                await self.storage.put(f"{submission.job_id}/{file.name}", file)
        return result


def _deadline(submission: JobSubmitted) -> float:
    """Seconds after which a task is surely stuck: a CPU separates at about the song's own speed."""
    return 600 + 5 * submission.song.audio_duration


async def work(task: Task, engine: str, warm: str, settings: Settings) -> None:
    """Runs a worker until cancelled: `warm` is called in the child with the settings before the first task."""
    bus = Bus(settings.amqp_url, TASK_QUEUES[task])
    health = Health(bus.check)
    async with serving(health.app(), settings), bus:
        with Compute(TASK_QUEUES[task], settings) as compute:
            await compute.run(warm, settings)
            worker = Worker(task, engine, settings, bus, Storage(settings.storage_url), compute, health)
            async with worker.consuming():
                health.state = State.READY
                log.info("ready")
                await forever()
