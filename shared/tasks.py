"""The table of tasks, and the states that follow from it.

Everything that depends on how tasks relate to each other is derived from these rows: routing, states, progress, what is
skipped, MongoDB queries, queue estimates, sweeps, the audio that a worker reads and the files that the gateway serves.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

TaskState = Literal["queued", "processing", "completed", "failed", "skipped"]
JobState = Literal["queued", "processing", "completed", "failed", "unknown"]

Input = Literal["lyrics", "beats", "instrumental", "drums", "tags"]
"""Files that an engine may read besides its audio."""


@dataclass(frozen=True)
class Row:
    """Properties of one task. Other tasks are named by their values, because a row may refer to any of them."""

    queue: str
    """Queue of the service that does the task, and that service's name."""
    weight: int
    """Share of the job's progress bar, relative to the other tasks of the job."""
    makes: tuple[str, ...] = ()
    """Names, without extension, of the result files that the gateway serves. They are unique across tasks."""
    waits_for: str | None = None
    """Task that has to be completed first, in jobs that have it. If that task fails, this one is skipped."""
    reads: str | None = None
    """Stem that the task works on, made by the task it waits for. None, and in jobs without that task: the song."""
    refined_by: str | None = None
    """Task whose completion starts a second, better pass of this one."""
    refined_with: Input | None = None
    """Input that the second pass needs. A first pass that finds it is as good as the second one."""


class Task(StrEnum):
    """The tasks, named as in the public contract, in the order of `current_step`: a task comes after its inputs."""

    STEM_SEPARATION = (
        "stem_separation",
        Row(queue="separator", weight=55, makes=("vocals", "drums", "bass", "other", "instrumental")),
    )
    TRANSCRIPTION = (
        "transcription",
        Row(queue="transcriber", weight=25, makes=("lyrics",), waits_for="stem_separation", reads="vocals"),
    )
    BEAT_ANALYSIS = (
        "beat_analysis",
        Row(queue="beats", weight=10, makes=("beats",), refined_by="stem_separation", refined_with="drums"),
    )

    row: Row

    def __new__(cls, name: str, row: Row) -> Self:
        task = str.__new__(cls, name)
        task._value_ = name
        task.row = row
        return task

    @property
    def queue(self) -> str:
        return self.row.queue

    @property
    def waits_for(self) -> "Task | None":
        return Task.named(self.row.waits_for)

    @property
    def refined_by(self) -> "Task | None":
        return Task.named(self.row.refined_by)

    @classmethod
    def named(cls, name: str | None) -> "Task | None":
        """Return the task of this name; None for None. Raises KeyError for any other name."""
        return None if name is None else _BY_NAME[name]

    def must_wait(self, tasks: Collection["Task"]) -> bool:
        """Return whether the task has to wait for another one when `tasks` are to be done."""
        return self.waits_for in tasks


_BY_NAME: Final = {task.value: task for task in Task}

# Types of events, as stored.
BEGUN: Final = ("task_started", "task_progressed")
COMPLETED: Final = "task_completed"
FAILED: Final = "task_failed"
ENDED: Final = (COMPLETED, FAILED)


def states(
    requested: Collection[Task], latest: Mapping[Task, str | None], *, cancelled: bool = False
) -> dict[Task, TaskState]:
    """Return the state of every task.

    `latest` gives the type of each task's greatest event in its present run, or None before the first one.
    This is the only place that derives states: the document, the queue estimate and the outcomes all call it.
    """
    found: dict[Task, TaskState] = {}
    for task in Task:
        event = None if cancelled else latest.get(task)
        if event == COMPLETED:
            found[task] = "completed"
        elif event == FAILED:
            found[task] = "failed"
        elif cancelled or task not in requested or _has_lost_its_input(task, requested, found):
            found[task] = "skipped"
        else:
            found[task] = "processing" if event else "queued"
    return found


def job_state(tasks: Mapping[Task, TaskState], *, cancelled: bool = False) -> JobState:
    """Return the state of a job from those of its tasks. A cancelled job counts as failed."""
    found = set(tasks.values())
    if cancelled:
        return "failed"
    if found <= {"completed", "failed", "skipped"}:
        return "failed" if "failed" in found else "completed"
    return "queued" if found <= {"queued", "skipped"} else "processing"


def can_start(task: Task, tasks: Mapping[Task, TaskState]) -> bool:
    """Return whether a queued task has its input, or needs none."""
    return task.waits_for is None or tasks[task.waits_for] in ("completed", "skipped")


def chains() -> tuple[tuple[Task, ...], ...]:
    """Return the tasks as chains: within a chain each task waits for the one before; chains run in parallel."""
    awaited = {task.waits_for for task in Task}
    return tuple(_chain_to(task) for task in Task if task not in awaited)


def _chain_to(task: Task) -> tuple[Task, ...]:
    return (*(_chain_to(task.waits_for) if task.waits_for else ()), task)


def _has_lost_its_input(task: Task, requested: Collection[Task], found: Mapping[Task, TaskState]) -> bool:
    awaited = task.waits_for
    return awaited is not None and (
        found[awaited] == "failed" or (awaited in requested and found[awaited] == "skipped")
    )
