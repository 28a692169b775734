"""A service that does one task: receive a message, run the task, publish its outcome, settle the message."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from aio_pika.abc import AbstractIncomingMessage

from shared.broker import topology
from shared.broker.bus import Bus
from shared.broker.connection import BROKER_ERRORS
from shared.broker.delivery import Delivery, is_connection_lost
from shared.broker.subscription import Subscription
from shared.errors import KaraokeError, StorageFullError, StorageUnavailableError, TransientError
from shared.events import JobEvent, decode
from shared.settings import Settings
from shared.storage.job_files import Storage
from shared.storage.rights import written_by
from shared.tasks import Input, Task
from shared.telemetry import tracing
from shared.telemetry.metrics import TASK_ERRORS, TASKS, initialize_labels
from shared.web.health import Health, State
from shared.web.server import forever, serving
from shared.worker.compute import Compute
from shared.worker.task_runner import TaskPostponedError, TaskRunner

log = structlog.get_logger()

OUTCOMES: Final = (
    *("completed", "failed", "retried", "refined", "not_refined", "aligned", "not_aligned"),
    *("cancelled", "handed_back", "postponed"),
)
"""Outcomes of attempts, as counted in `karaoke_tasks_total`."""
FIRST_PAUSE_SECONDS: Final = 1.0
MAX_PAUSE_SECONDS: Final = 30.0
"""Pauses before the next question to an unavailable storage. Each is twice as long as the one before."""


class Worker:
    def __init__(self, runner: TaskRunner, health: Health) -> None:
        self.runner = runner
        self.health = health
        self._task = runner.task
        self._bus = runner.bus
        self._storage = runner.storage
        self._grace_seconds = runner.settings.grace_seconds
        self._running: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._current: tuple[str, asyncio.Task[None]] | None = None  # the job, and the attempt at its task
        self._cancelled: deque[str] = deque(maxlen=1000)  # the most recently cancelled jobs
        self._last_finished_id: str | None = None  # id of the last message that was finished
        self._subscription: asyncio.Future[Subscription]
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._pausing: asyncio.Task[None] | None = None
        self._is_stopping = False

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[None]:
        """Run tasks one at a time inside the block. On exit, let the running one finish within the grace time."""
        self._subscription = asyncio.get_running_loop().create_future()
        async with self._bus.listening("job_cancelled", self._cancel):
            try:
                async with self._bus.consuming(self._task.queue, self._take, prefetch=1) as subscription:
                    self._subscription.set_result(subscription)
                    try:
                        yield
                    finally:
                        await self._stop_pausing()
            finally:
                await self._drain()

    async def _stop_pausing(self) -> None:
        self._is_stopping = True
        if self._pausing:
            self._pausing.cancel()
            await asyncio.wait({self._pausing})

    async def _drain(self) -> None:
        if self._running:
            log.info("draining", grace_seconds=self._grace_seconds)
            _, late = await asyncio.wait(self._running, timeout=self._grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _cancel(self, message: AbstractIncomingMessage) -> None:
        try:
            job_id = decode(message.body).job_id
        except ValueError as error:
            log.warning("undecodable cancellation", bytes=len(message.body), error=str(error))
            return
        self._cancelled.append(job_id)
        if self._current and self._current[0] == job_id:
            self._current[1].cancel()  # this also kills the child that computes

    async def _take(self, message: AbstractIncomingMessage) -> None:
        running = asyncio.create_task(self._handle(message))
        self._running.add(running)
        running.add_done_callback(self._log_unsettled)

    def _log_unsettled(self, done: asyncio.Task[None]) -> None:
        self._running.discard(done)
        if not done.cancelled() and (error := done.exception()):
            log.error("message not settled", exc_info=error)

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        try:
            event = decode(message.body)
        except ValueError as error:
            log.warning("undecodable message", bytes=len(message.body), error=str(error))
            await message.reject(requeue=False)
            return
        delivery = Delivery.of(message)
        about: dict[str, str | int] = {"job_id": event.job_id, "task": self._task, "attempt": delivery.attempt}
        with (
            structlog.contextvars.bound_contextvars(**about),
            tracing.received(f"attempt {self._task}", message.headers, **about),
        ):
            try:
                # One at a time, even when the connection was lost and the broker delivers the same task again.
                async with self._one_at_a_time:
                    if is_connection_lost(message):
                        return
                    if self._is_due(message, event):
                        self._current = event.job_id, asyncio.create_task(self._attempt(event, delivery))
                        await self._current[1]
                        self._last_finished_id = message.message_id
            except asyncio.CancelledError:
                if event.job_id not in self._cancelled:
                    log.warning("task handed back")
                    TASKS.labels(self._task, "handed_back").inc()
                    await self._redeliver(message, uncounted=True)
                    raise
                log.info("task cancelled")
                TASKS.labels(self._task, "cancelled").inc()
                await self._delete_files(event.job_id)
                await message.ack()
            except TaskPostponedError as error:
                log.warning("storage unavailable; task returned", error=str(error), not_begun=error.not_begun)
                TASKS.labels(self._task, "postponed").inc()
                TASK_ERRORS.labels(self._task, error.cause.code).inc()
                await self._pause(error.cause)  # before the message is settled, as the broker then delivers the next
                await self._redeliver(message, uncounted=not error.not_begun, not_begun=error.not_begun)
            except KaraokeError as error:
                seconds = topology.RETRY_SECONDS[min(delivery.counted, len(topology.RETRY_SECONDS)) - 1]
                log.warning("attempt failed", error=str(error), next_attempt_seconds=seconds)
                TASKS.labels(self._task, "retried").inc()
                TASK_ERRORS.labels(self._task, error.code).inc()
                await self._redeliver(message, after=seconds)
            except Exception:  # an unsettled message would keep the worker from the next one
                log.exception("attempt failed unexpectedly; the message becomes a dead letter")
                with suppress(*BROKER_ERRORS):
                    await message.reject(requeue=False)
            else:
                self._pause_seconds = FIRST_PAUSE_SECONDS
                await message.ack()

    async def _pause(self, cause: StorageUnavailableError) -> None:
        """Take no task until the storage answers, so that other workers can, which may reach it."""
        if self._is_stopping or (self._pausing and not self._pausing.done()):
            return
        subscription = await self._subscription
        await subscription.pause()
        self.health.problem = cause
        self._pausing = asyncio.create_task(self._resume(subscription))

    async def _resume(self, subscription: Subscription) -> None:
        while True:
            await asyncio.sleep(self._pause_seconds)
            self._pause_seconds = min(2 * self._pause_seconds, MAX_PAUSE_SECONDS)
            try:
                await self._storage.check()
                await subscription.resume()
            except StorageUnavailableError as error:
                log.warning("storage still unavailable", error=str(error), next_seconds=self._pause_seconds)
            except Exception:
                log.exception("consumption not resumed; the next round tries again")
            else:
                self.health.problem = None
                log.info("consumption resumed")
                return

    async def _attempt(self, event: JobEvent, delivery: Delivery) -> None:
        self.health.state = State.BUSY
        try:
            await self.runner.run(event, delivery)
        finally:
            self.health.state = State.READY

    async def _delete_files(self, job_id: str) -> None:
        """Delete the files of a cancelled job that this worker wrote after the job's folder was deleted."""
        try:
            await self._storage.delete_matching(job_id, written_by(self._task))
        except Exception:  # the message must be settled all the same: the next one waits for it
            log.exception("files of a cancelled job not deleted; the sweep for orphans deletes them")

    def _is_due(self, message: AbstractIncomingMessage, event: JobEvent) -> bool:
        has_ended = message.message_id is not None and message.message_id == self._last_finished_id
        return not has_ended and event.job_id not in self._cancelled

    async def _redeliver(
        self, message: AbstractIncomingMessage, *, after: float = 0, uncounted: bool = False, not_begun: bool = False
    ) -> None:
        """Return the task to its queue, by a copy that is delayed or does not count; if that fails, by a reject."""
        if is_connection_lost(message):
            return
        try:
            await self._bus.redeliver(
                message, self._task.queue, after=after, uncounted=uncounted, not_begun=not_begun, within=10
            )
        except TransientError:
            await message.reject(requeue=True)
        else:
            await message.ack()


async def work(
    task: Task, engine: str, warm: str, settings: Settings, wants: tuple[Input, ...] = (), *, aligner: str = ""
) -> None:
    """Run a worker until cancelled. `warm` is called in the child process with the settings before the first task.

    `wants` are the inputs besides the audio that the engine reads when the job has them. `aligner` names the function
    that aligns lines of the lyrics.
    """
    bus = Bus(settings.amqp_url, task.queue, declares=settings.declare_topology)
    health = Health(bus.check)
    initialize_labels(TASKS, *((task, outcome) for outcome in OUTCOMES))
    initialize_labels(TASK_ERRORS, (task, StorageFullError.code), (task, StorageUnavailableError.code))
    async with serving(health.app(), settings), bus:
        with Compute(task.queue, settings) as compute:
            await compute.run(warm, settings)
            storage = Storage(settings.storage_url)
            worker = Worker(TaskRunner(task, engine, wants, settings, bus, storage, compute, aligner), health)
            async with worker.consuming():
                health.state = State.READY
                log.info("ready")
                await forever()
