"""The fold of events into one job, whatever their order and however often they arrive.

A job is a set of registers. Every event claims some of them, each claim with an order; a register
keeps its greatest claim. Taking the greatest is commutative, associative and idempotent, so
duplicates, reordering, replays and workers that were thought dead have no effect. In a cancelled job the submission
is redacted, and a redacted one outranks every other: no late event brings the song's name back.
`services/status/database/upserts.py` does the same comparison inside MongoDB.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from hashlib import blake2b
from typing import Final

from shared.events import (
    AlignmentCompleted,
    AlignmentFailed,
    AlignmentRequested,
    CorrectedLyrics,
    CountedRhythm,
    Event,
    JobCancelled,
    JobEvent,
    JobExpired,
    JobSubmitted,
    LyricsCorrected,
    RhythmCorrected,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskPreviewed,
    TaskProgressed,
    TasksRerun,
    encode,
    rfc3339,
)
from shared.tasks import BEGUN, Task, TaskState, job_state, states

SUBMITTED: Final = "submitted"
UPDATED: Final = "updated"
CANCELLED: Final = "cancelled"
EXPIRED: Final = "expired"
CORRECTED: Final = "corrected"
CORRECTED_LYRICS: Final = "corrected_lyrics"
ALIGNMENT: Final = "alignment"
"""Names of registers. Those of a task are `<task>`, `progress_register(task)`, `preview_register(task)` and
`run_register(task)`."""

REDACTED: Final = "~"
"""First character of a redacted submission's order. It is greater than every digit of a digest."""

LIVE, FAILED, COMPLETED, REFINED = range(4)

AlignmentEvent = AlignmentRequested | AlignmentCompleted | AlignmentFailed


def progress_register(task: Task) -> str:
    """Name of the register of the highest progress in the latest run that reported any."""
    return f"{task}_progress"


def preview_register(task: Task) -> str:
    """Name of the register of the most lines of a partial result, in the latest attempt that stored any."""
    return f"{task}_preview"


def run_register(task: Task) -> str:
    """Name of the register of the latest run that a user asked for."""
    return f"{task}_run"


@dataclass(frozen=True, slots=True)
class Register:
    """The greatest claim so far. `order` is compared element by element; `event` is kept where it says more."""

    order: tuple[int | str, ...]
    event: Event | None = None


@dataclass(frozen=True, eq=False)
class Job:
    """A job as of the events folded so far, which may be any subset of its events."""

    registers: Mapping[str, Register] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and self.registers == other.registers

    __hash__ = None  # type: ignore[assignment] # it holds a mapping

    @property
    def submission(self) -> JobSubmitted | None:
        """None until the submission has been folded."""
        event = self.registers[SUBMITTED].event if SUBMITTED in self.registers else None
        assert event is None or isinstance(event, JobSubmitted)
        return event

    @property
    def is_cancelled(self) -> bool:
        return CANCELLED in self.registers

    @property
    def is_expired(self) -> bool:
        return EXPIRED in self.registers

    @property
    def updated_at(self) -> datetime:
        """Time of the latest event. Raises KeyError before the first one."""
        return datetime.fromisoformat(str(self.registers[UPDATED].order[0]))

    def run(self, task: Task) -> int:
        """Present run of the task: 0, or the latest run that a user asked for."""
        register = self.registers.get(run_register(task))
        return int(register.order[0]) if register else 0

    def event(self, task: Task) -> TaskEvent | None:
        """Greatest event of the task's present run. A cancelled job has none, because its files are deleted."""
        event = self.registers[task].event if task in self.registers and not self.is_cancelled else None
        return event if isinstance(event, TaskEvent) and event.run >= self.run(task) else None

    def percent(self, task: Task) -> int:
        """Highest progress of the task's present run, 0 to 100. An attempt that starts over does not lower it."""
        register = self.registers.get(progress_register(task))
        run, percent = register.order if register else (0, 0)
        return int(percent) if int(run) >= self.run(task) else 0

    def preview(self, task: Task) -> int | None:
        """Lines of the partial result of the attempt that runs now; None when there are none, or no attempt runs."""
        register, event = self.registers.get(preview_register(task)), self.event(task)
        if register is None or event is None or event.type not in BEGUN:
            return None
        run, attempt, lines = register.order
        return int(lines) if (run, attempt) == (event.run, event.attempt) else None

    @property
    def counted_rhythm(self) -> CountedRhythm | None:
        """The rhythm as the user counts it; None as long as it is the one that was heard."""
        event = self.registers[CORRECTED].event if CORRECTED in self.registers else None
        return event.rhythm if isinstance(event, RhythmCorrected) else None

    @property
    def corrected_lyrics(self) -> CorrectedLyrics | None:
        """The lyrics as the user corrected them; None as long as they are those that were found."""
        event = self.registers[CORRECTED_LYRICS].event if CORRECTED_LYRICS in self.registers else None
        return event.lyrics if isinstance(event, LyricsCorrected | AlignmentCompleted) else None

    @property
    def alignment(self) -> AlignmentEvent | None:
        """The latest alignment of lines of the lyrics: its request, or its outcome."""
        event = self.registers[ALIGNMENT].event if ALIGNMENT in self.registers else None
        return event if isinstance(event, AlignmentEvent) else None

    def corrections(self, register: str) -> int:
        """Number of the latest correction in `CORRECTED` or `CORRECTED_LYRICS`, which may take all back; 0: none."""
        return int(self.registers[register].order[0]) if register in self.registers else 0

    def states(self) -> dict[Task, TaskState]:
        """State of every task. Needs the submission."""
        assert self.submission
        latest = {task: event.type for task in Task if (event := self.event(task))}
        return states(self.submission.options.tasks, latest, cancelled=self.is_cancelled)

    @property
    def ended_at(self) -> datetime | None:
        """Time at which the job ended; None while it runs. A refinement ends nothing: the first result did."""
        if job_state(self.states(), cancelled=self.is_cancelled) not in ("completed", "failed"):
            return None
        ends = [event for task in Task if isinstance(event := self.event(task), TaskCompleted | TaskFailed)]
        firsts = [event.at for event in ends if not (isinstance(event, TaskCompleted) and event.refined)]
        return max(firsts, default=self.updated_at)


def fold(job: Job, event: Event) -> Job:
    """Return the job after one more event."""
    registers = dict(job.registers)
    take(registers, event)
    return Job(registers)


def fold_all(events: Iterable[Event]) -> Job:
    return reduce(fold, events, Job())


def take(registers: dict[str, Register], event: Event) -> None:
    """Fold one more event into `registers` in place."""
    found = claims(event)
    if CANCELLED in registers or CANCELLED in found:
        for each in (registers, found):
            if SUBMITTED in each:
                each[SUBMITTED] = redacted(each[SUBMITTED])
    for name, claim in found.items():
        if name not in registers or claim.order > registers[name].order:
            registers[name] = claim


def redacted(submitted: Register) -> Register:
    """Return a register of a submission without its song's name, and with an order above that of any with a name."""
    event, digest = submitted.event, str(submitted.order[0])
    assert isinstance(event, JobSubmitted)
    nameless = event.model_copy(update={"song": event.song.model_copy(update={"name": ""})})
    return Register(order=(REDACTED + digest.removeprefix(REDACTED),), event=nameless)


def claims(event: Event) -> dict[str, Register]:  # noqa: PLR0911 -- one for each kind of event
    """Return the registers that `event` claims. Events of tasks are never ordered by a clock."""
    updated = {UPDATED: Register(order=(rfc3339(event.at),))}
    match event:
        case JobSubmitted():
            return updated | {SUBMITTED: Register(order=(_digest(event),), event=event)}
        case TasksRerun():
            return updated | {run_register(task): Register(order=(event.run,)) for task in event.tasks}
        case RhythmCorrected() | LyricsCorrected():
            name = CORRECTED if isinstance(event, RhythmCorrected) else CORRECTED_LYRICS
            return updated | {name: Register(order=(event.number, _digest(event)), event=event)}
        case AlignmentRequested() | AlignmentFailed() | AlignmentCompleted():
            rank = {AlignmentRequested: LIVE, AlignmentFailed: FAILED, AlignmentCompleted: COMPLETED}[type(event)]
            found = {ALIGNMENT: Register(order=(event.number, rank, _digest(event)), event=event)}
            if isinstance(event, AlignmentCompleted):
                found |= {CORRECTED_LYRICS: Register(order=(event.correction, _digest(event)), event=event)}
            return updated | found
        case JobCancelled() | JobExpired():
            return updated | {CANCELLED if isinstance(event, JobCancelled) else EXPIRED: Register(order=(1,))}
        case TaskPreviewed():
            order = event.run, event.attempt, event.lines
            return updated | {preview_register(event.task): Register(order=order)}
        case _:
            place = event.run, _rank(event), event.attempt, event.seq
            return updated | {
                event.task: Register(order=(*place, _digest(event)), event=event),
                progress_register(event.task): Register(order=(event.run, _percent(event))),
            }


def ready(submission: JobSubmitted, event: Event) -> tuple[Task, ...]:
    """Return the tasks that can start because of `event`, those that it refines included."""
    requested = submission.options.tasks
    match event:
        case JobSubmitted():
            return tuple(task for task in requested if not task.must_wait(requested))
        case TasksRerun(tasks=again):
            return tuple(task for task in again if not task.must_wait(again))
        case AlignmentRequested():
            return (Task.TRANSCRIPTION,)
        case TaskCompleted(task=done, refined=False):
            return tuple(task for task in Task if task in requested and done in (task.waits_for, task.refined_by))
        case _:
            return ()


def is_refinement(task: Task, cause: JobEvent) -> bool:
    """Return whether `cause` starts a second, better pass of the task instead of its first one."""
    return isinstance(cause, TaskCompleted) and cause.task is task.refined_by


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
    """Decide between two different events of equal order, the same way everywhere."""
    return blake2b(encode(event), digest_size=8).hexdigest()
