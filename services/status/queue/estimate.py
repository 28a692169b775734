"""How long a job has yet to go, and how many are before it: told from the queue and from how fast work was lately."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from statistics import median

from shared.document import JobDocument
from shared.events import rfc3339
from shared.tasks import Task, chains

Place = tuple[str, str]
"""When a job was submitted, and its id."""

Speeds = Mapping[Task, float]
"""Seconds of processing for each second of audio; a task of which nothing is known is not there."""


@dataclass(frozen=True)
class Unfinished:
    """A job that is not over: its `waiting` tasks have yet to begin, of its `running` ones so many percent are done."""

    place: Place
    audio_duration: float
    waiting: tuple[Task, ...]
    running: Mapping[Task, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """The queue of one task, in the order of submission; `before` has the seconds of audio before each, and in all."""

    places: tuple[Place, ...] = ()
    before: tuple[float, ...] = (0.0,)
    workers: int = 0
    at_work_on: float = 0.0

    def position(self, place: Place) -> int:
        """From 1, which is next."""
        return 1 + bisect_left(self.places, place)

    def ahead(self, place: Place) -> float:
        """Seconds of audio that each worker has to do before it comes to the job at `place`."""
        return (self.at_work_on + self.before[bisect_left(self.places, place)]) / max(1, self.workers)


@dataclass(frozen=True)
class Queue:
    """All that was unfinished at one moment: a line for each task."""

    lines: Mapping[Task, Line]

    @classmethod
    def of(cls, jobs: Iterable[Unfinished]) -> "Queue":
        ordered = sorted(jobs, key=lambda job: job.place)
        return cls({task: _line(ordered, task) for task in Task})


def _line(jobs: list[Unfinished], task: Task) -> Line:
    waiting = [job for job in jobs if task in job.waiting]
    left = [job.audio_duration * (1 - job.running[task] / 100) for job in jobs if task in job.running]
    return Line(
        places=tuple(job.place for job in waiting),
        before=tuple(accumulate((job.audio_duration for job in waiting), initial=0.0)),
        workers=len(left),
        at_work_on=sum(left),
    )


def speed(done: Iterable[tuple[float, float]]) -> float | None:
    """The median over tasks, each the seconds that it took and those of its song."""
    speeds = [seconds / duration for seconds, duration in done if duration > 0]
    return median(speeds) if speeds else None


def with_outlook(document: JobDocument, queue: Queue, speeds: Speeds) -> JobDocument:
    if document.is_over:
        return document
    return document.model_copy(
        update={"queue_position": _position(document, queue), "eta_seconds": _eta(document, queue, speeds)}
    )


def _position(document: JobDocument, queue: Queue) -> int | None:
    """In the line of the first task that was asked for, which is the one that takes longest.

    A job that was sent round again stands where nobody knows.
    """
    first = next(task for task in Task if document.task(task).status != "skipped")
    waits = document.task(first).status == "queued" and document.run == 0
    return queue.lines[first].position(_place(document)) if waits else None


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
                audio += queue.lines[task].ahead(_place(document))
            seconds, ready = seconds + speeds[task] * audio, False
        longest = max(longest, seconds)
    return rounded(longest)


def _place(document: JobDocument) -> Place:
    return rfc3339(document.created_at), document.job_id


def rounded(seconds: float) -> float:
    """No finer than anybody can tell, so that it does not change all the time."""
    step = 1 if seconds < 30 else 5 if seconds < 300 else 30  # noqa: PLR2004 -- half a minute, five minutes
    return float(step * round(seconds / step))
