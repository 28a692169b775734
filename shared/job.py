"""How events fold into one job, whatever their order and however often they come.

A job is a set of registers. Every event claims some of them, each claim with an order; a register
keeps its greatest claim. Taking the greatest is commutative, associative and idempotent, so
duplicates, reordering, replays and workers that come back from the dead cannot matter.
`services/status/database/upserts.py` does the same comparison inside MongoDB.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from hashlib import blake2b

from shared.events import (
    Event,
    JobCancelled,
    JobEvent,
    JobExpired,
    JobRetried,
    JobSubmitted,
    Task,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskProgressed,
    encode,
    rfc3339,
)


@dataclass(frozen=True, slots=True)
class Register:
    """The greatest claim so far: `order` is compared element by element, `event` is kept where it says more."""

    order: tuple[int | str, ...]
    event: Event | None = None


Job = Mapping[str, Register]
"""Registers by name: `submitted`, `updated`, `cancelled`, `expired`, and for each task `<task>`,
`<task>_progress` (the highest of its run) and `<task>_run` (the latest run asked for)."""

LIVE, FAILED, COMPLETED, REFINED = range(4)


def fold(job: Job, event: Event) -> Job:
    """The job after one more event."""
    after = dict(job)
    take(after, event)
    return after


def take(job: dict[str, Register], event: Event) -> None:
    """Folds one more event into `job` itself."""
    for name, claim in claims(event).items():
        if name not in job or claim.order > job[name].order:
            job[name] = claim


def fold_all(events: Iterable[Event]) -> Job:
    return reduce(fold, events, {})


def claims(event: Event) -> dict[str, Register]:
    """What `event` would have each register hold. No wall clock decides between tasks' events."""
    updated = {"updated": Register(order=(rfc3339(event.at),))}
    match event:
        case JobSubmitted():
            return updated | {"submitted": Register(order=(_digest(event),), event=event)}
        case JobRetried():
            return updated | {f"{task}_run": Register(order=(event.run,)) for task in event.tasks}
        case JobCancelled():
            return updated | {"cancelled": Register(order=(1,))}
        case JobExpired():
            return updated | {"expired": Register(order=(1,))}
        case _:
            order = (event.run, _rank(event), event.attempt, event.seq, _digest(event))
            return updated | {
                event.task: Register(order=order, event=event),
                f"{event.task}_progress": Register(order=(event.run, _percent(event))),
            }


def ready(submission: JobSubmitted, event: Event) -> tuple[Task, ...]:
    """The tasks that can start because of `event`: a transcription that has stems to come waits for them.

    The beats do not wait, and are refined when the stems are there.
    """
    asked = submission.options.tasks
    separates = Task.STEM_SEPARATION in asked
    match event:
        case JobSubmitted():
            return tuple(task for task in asked if not (separates and task is Task.TRANSCRIPTION))
        case JobRetried(tasks=again):
            return tuple(t for t in again if not (Task.STEM_SEPARATION in again and t is Task.TRANSCRIPTION))
        case TaskCompleted(task=Task.STEM_SEPARATION):
            return tuple(task for task in (Task.TRANSCRIPTION, Task.BEAT_ANALYSIS) if task in asked)
        case _:
            return ()


def is_refinement(task: Task, cause: JobEvent) -> bool:
    """Whether `cause` has a task done a second time, better, rather than for the first time."""
    return task is Task.BEAT_ANALYSIS and isinstance(cause, TaskCompleted)


def _rank(event: TaskEvent) -> int:
    match event:
        case TaskCompleted(refined=True):
            return REFINED
        case TaskCompleted():
            return COMPLETED
        case TaskFailed():
            return FAILED
        case _:
            return LIVE


def _percent(event: TaskEvent) -> int:
    match event:
        case TaskProgressed(progress=progress):
            return progress
        case TaskCompleted():
            return 100
        case _:
            return 0


def _digest(event: Event) -> str:
    """Decides between two different events of equal order, the same everywhere."""
    return blake2b(encode(event), digest_size=8).hexdigest()
