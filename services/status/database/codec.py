"""Stored jobs: MongoDB's record of a job has one field per register."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ConfigDict, TypeAdapter

from shared.job import Job, Register, progress_register, run_register
from shared.tasks import Task

_adapter = TypeAdapter(dict[str, Register], config=ConfigDict(hide_input_in_errors=True))  # errors are logged
_TASKS = {task.value: task for task in Task}


def job_from(document: Mapping[str, Any]) -> Job:
    """Decode a stored job of which only the registers were read."""
    return Job(_adapter.validate_python(document))


def storable(registers: Mapping[str, Register]) -> dict[str, Any]:
    """Encode registers as `job_from` decodes them."""
    stored: dict[str, Any] = _adapter.dump_python(dict(registers), mode="json")
    return stored


@dataclass(frozen=True, eq=False)
class StoredJob(Job):
    """A job and its `revision` in the database: 1 after the first fold, and one more after each."""

    revision: int = 0

    @classmethod
    def of(cls, document: dict[str, Any]) -> "StoredJob":
        revision = document.pop("revision", 0)
        return cls(job_from(document).registers, revision)


class Change(NamedTuple):
    """`revision` is None for a job that was deleted."""

    job_id: str
    revision: int | None


def run_of(row: Mapping[str, Any], task: Task) -> int:
    """Return the task's present run, as `Job.run` does, from any projection that has its run register."""
    return int((row.get(run_register(task)) or {}).get("order", (0,))[0])


def event_of(row: Mapping[str, Any], task: Task) -> Mapping[str, Any] | None:
    """Return the task's greatest event of its present run, as `Job.event` does for a job that is not cancelled."""
    event: Mapping[str, Any] | None = (row.get(task) or {}).get("event")
    return event if event and event["run"] >= run_of(row, task) else None


def percent_of(row: Mapping[str, Any], task: Task) -> int:
    """Return the task's progress in its present run, as `Job.percent` does."""
    run, percent = (row.get(progress_register(task)) or {}).get("order", (0, 0))
    return int(percent) if run >= run_of(row, task) else 0


def latest_of(row: Mapping[str, Any]) -> dict[Task, str]:
    """Return the types of the greatest events of the present runs, as `shared.tasks.states` takes them."""
    return {task: event["type"] for task in Task if (event := event_of(row, task))}


def requested_of(row: Mapping[str, Any]) -> tuple[Task, ...]:
    return tuple(_TASKS[name] for name in row["submitted"]["event"]["options"]["tasks"])
