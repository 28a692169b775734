"""Events that one attempt at a task publishes, numbered so that the fold can order them."""

from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from time import monotonic

import structlog

from shared.broker.bus import Bus
from shared.errors import KaraokeError, TransientError
from shared.events import (
    JobSubmitted,
    Result,
    Song,
    TaskCompleted,
    TaskFailed,
    TaskPreviewed,
    TaskProgressed,
    TaskStarted,
)
from shared.job import ready
from shared.tasks import Task
from shared.telemetry.metrics import TASK_ERRORS, TASKS

log = structlog.get_logger()

LONGEST_SILENCE_SECONDS = 10.0
"""The longest silence of a running computation, even when its percentage stands still."""

PUBLISH_SECONDS = 600.0
"""Seconds that a result waits for an unavailable broker before the task is computed again."""


ERROR_LENGTH = 10_000
"""Longest text of an error in an event, in characters."""


class Progress:
    refines = False
    outcome = "completed"
    first_seq = 0
    has_started = False
    """True once the attempt has read its inputs. Before that, it has published nothing."""

    def __init__(self, bus: Bus, job_id: str, task: Task, run: int, attempt: int) -> None:
        self.task = task
        self._bus = bus
        self._job_id = job_id
        self._run = run
        self._attempt = attempt
        self._seq = count(self.first_seq)
        self._started_at = self._published_at = monotonic()
        self._percent = 0

    async def started(self, song: Song) -> None:
        self.has_started = True
        await self._bus.publish(TaskStarted.model_validate(self._stamp()))
        log.info("task started", audio_duration=song.audio_duration)

    async def report(self, fraction: float) -> None:
        """Publish a new percentage, or a heartbeat after a silence. Such an event may be lost."""
        percent = min(99, int(100 * fraction))
        if percent <= self._percent and monotonic() - self._published_at < LONGEST_SILENCE_SECONDS:
            return
        self._percent, self._published_at = max(percent, self._percent), monotonic()
        with suppress(TransientError):
            event = TaskProgressed.model_validate(self._stamp() | {"progress": self._percent})
            await self._bus.publish(event, within=1)

    async def previewed(self, lines: int) -> None:
        """Publish that this many lines of a partial result are stored. Such an event may be lost."""
        with suppress(TransientError):
            await self._bus.publish(TaskPreviewed.model_validate(self._stamp() | {"lines": lines}), within=1)
        log.info("partial result stored", lines=lines)

    async def completed(self, result: Result, submission: JobSubmitted) -> None:
        outcome = {"result": result, "processing_time": self._elapsed(), "refined": self.refines}
        event = TaskCompleted.model_validate(self._stamp() | outcome)
        await self._bus.publish(event, ready(submission, event), within=PUBLISH_SECONDS)
        TASKS.labels(self.task, self.outcome).inc()
        log.info("task completed", outcome=self.outcome, seconds=self._elapsed(), **result.model_dump())

    async def failed(self, error: KaraokeError) -> None:
        outcome = {
            "summary": error.summary[:ERROR_LENGTH],
            "error": str(error)[:ERROR_LENGTH],
            "error_code": error.code,
        }
        await self._bus.publish(
            TaskFailed.model_validate(self._stamp() | outcome | {"processing_time": self._elapsed()}),
            within=PUBLISH_SECONDS,
        )
        TASKS.labels(self.task, "failed").inc()
        TASK_ERRORS.labels(self.task, error.code).inc()
        log.warning("task failed", seconds=self._elapsed(), **outcome)

    def _stamp(self) -> dict[str, object]:
        return {
            "job_id": self._job_id,
            "at": datetime.now(UTC),
            "task": self.task,
            "run": self._run,
            "attempt": self._attempt,
            "seq": next(self._seq),
        }

    def _elapsed(self) -> float:
        return round(monotonic() - self._started_at, 3)
