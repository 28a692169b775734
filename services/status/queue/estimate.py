"""Estimates of a job's queue position and remaining time, from the queue and the recent speed of the workers."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from statistics import median
from typing import Final

from shared.document import JobDocument
from shared.events import rfc3339
from shared.tasks import Task, chains

PositionKey = tuple[str, str]
"""A job's time of submission and its id: the order of the queue."""

Speeds = Mapping[Task, float]
"""Seconds of processing per second of audio. A task of unknown speed is missing."""

SHORTEST_SECONDS: Final = 0.001
"""Length of the shortest song whose speed means anything; a division by less may exceed the range of numbers."""


@dataclass(frozen=True)
class Unfinished:
    """An unfinished job: its tasks that have not started, and the progress in percent of those that run."""

    key: PositionKey
    audio_duration: float
    waiting: tuple[Task, ...]
    running: Mapping[Task, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskQueue:
    """The queue of one task, in the order of submission.

    `before` holds the seconds of audio before each waiting job and, as its last element, of all of them.
    `running_audio` is what the workers still have to process of their present jobs, in seconds of audio.
    """

    keys: tuple[PositionKey, ...] = ()
    before: tuple[float, ...] = (0.0,)
    workers: int = 0
    running_audio: float = 0.0

    def position(self, key: PositionKey) -> int:
        """Return the position of a job; 1 is next."""
        return 1 + bisect_left(self.keys, key)

    def audio_ahead(self, key: PositionKey) -> float:
        """Return the seconds of audio that each worker has to process before it takes this job."""
        return (self.running_audio + self.before[bisect_left(self.keys, key)]) / max(1, self.workers)


@dataclass(frozen=True)
class Queue:
    """All unfinished work at one moment."""

    tasks: Mapping[Task, TaskQueue]

    @classmethod
    def of(cls, jobs: Iterable[Unfinished]) -> "Queue":
        ordered = sorted(jobs, key=lambda job: job.key)
        return cls({task: _task_queue(ordered, task) for task in Task})


def _task_queue(jobs: list[Unfinished], task: Task) -> TaskQueue:
    waiting = [job for job in jobs if task in job.waiting]
    left = [job.audio_duration * (1 - job.running[task] / 100) for job in jobs if task in job.running]
    return TaskQueue(
        keys=tuple(job.key for job in waiting),
        before=tuple(accumulate((job.audio_duration for job in waiting), initial=0.0)),
        workers=len(left),
        running_audio=sum(left),
    )


def speed(done: Iterable[tuple[float, float]]) -> float | None:
    """Return the median speed of completed tasks, given as pairs of processing time and song duration in seconds."""
    speeds = [seconds / duration for seconds, duration in done if duration >= SHORTEST_SECONDS]
    return median(speeds) if speeds else None


def with_estimate(document: JobDocument, queue: Queue, speeds: Speeds) -> JobDocument:
    """Return an unfinished job's document with its queue position and remaining time, as far as they are known."""
    if document.is_over:
        return document
    return document.model_copy(
        update={"queue_position": _position(document, queue), "eta_seconds": _eta(document, queue, speeds)}
    )


def _position(document: JobDocument, queue: Queue) -> int | None:
    """Return the position in the queue of the first requested task, which is the one that takes longest.

    A job that was run again has no known position.
    """
    first = next(task for task in Task if document.task(task).status != "skipped")
    waits = document.task(first).status == "queued" and document.run == 0
    return queue.tasks[first].position(_key(document)) if waits else None


def _eta(document: JobDocument, queue: Queue, speeds: Speeds) -> float | None:
    longest = 0.0
    for chain in chains():
        seconds, ready = 0.0, True
        for task in chain:
            state = document.task(task)
            if state.status not in ("queued", "processing"):
                continue
            if task not in speeds:
                return None
            audio = document.audio_duration * (1 - state.progress / 100)
            if ready and state.status == "queued":
                audio += queue.tasks[task].audio_ahead(_key(document))
            seconds, ready = seconds + speeds[task] * audio, False
        longest = max(longest, seconds)
    return rounded(longest)


def _key(document: JobDocument) -> PositionKey:
    return rfc3339(document.created_at), document.job_id


def rounded(seconds: float) -> float:
    """Round to what can be known, so that the estimate does not change with every poll."""
    step = 1 if seconds < 30 else 5 if seconds < 300 else 30  # noqa: PLR2004 -- half a minute, five minutes
    return float(step * round(seconds / step))
