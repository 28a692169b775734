"""The document of the job status API (docs/openapi.json).

It is derived from the registers when they are read from the database, then cached until the next change.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, get_type_hints

from shared.document import JobDocument, Step
from shared.events import (
    FILE,
    AlignmentCompleted,
    AlignmentFailed,
    AlignmentRequested,
    JobSubmitted,
    Lyrics,
    Result,
    Rhythm,
    TaskCompleted,
    TaskFailed,
)
from shared.job import CORRECTED, CORRECTED_LYRICS, AlignmentEvent, Job
from shared.normal_forms import normalized
from shared.notes import notes
from shared.tasks import JobState, Task, TaskState, job_state

VALIDATED = 10
"""Percent of a job that is done with its upload; the requested tasks share the rest by weight."""

DAY = timedelta(hours=24)
NOT_IN_SLUG = re.compile("[^a-z0-9]+")
_KNOWN = {task: {*get_type_hints(get_type_hints(JobDocument)[task])} for task in Task}


def view(job: Job, now: datetime | None = None, *, ttl: timedelta = DAY) -> JobDocument:
    """Return the document as of the last event: it does not change while nothing happens.

    With `now`, the processing time of a running job is counted up to that moment. Raises KeyError while the submission
    has not been folded.
    """
    submission = job.submission
    if submission is None:
        raise KeyError("submitted")
    states = job.states()
    status = job_state(states, cancelled=job.is_cancelled)
    message, code = _error(job, status)
    until = job.ended_at or now or job.updated_at
    return JobDocument.model_validate(
        {
            "job_id": submission.job_id,
            "status": status,
            "progress": _progress(job, submission, status),
            "current_step": _step(states, status),
            "created_at": submission.at,
            "updated_at": job.updated_at,
            "processing_time": max(0.0, round((until - submission.at).total_seconds(), 1)),
            "error_message": message,
            "error_code": code,
            **{task.value: _task(job, submission, task, state) for task, state in states.items()},
            "run": max(job.run(task) for task in Task),
            "name": submission.song.name,
            "audio_duration": submission.song.audio_duration,
            "audio_filled_seconds": submission.song.audio.filled_seconds,
            "file_size": submission.song.file_size,
            "notes": notes(submission.song.audio, _found(job), job.corrected_lyrics),
            "expires_at": submission.at + ttl,
        }
    )


def _found(job: Job) -> Iterator[Result]:
    """Yield the results of the completed tasks."""
    for task in Task:
        if isinstance(event := job.event(task), TaskCompleted):
            yield event.result


def _task(job: Job, submission: JobSubmitted, task: Task, state: TaskState) -> dict[str, Any]:
    event = job.event(task)
    progress = {"completed": 100, "skipped": 100, "failed": 0}.get(state, job.percent(task))
    fields: dict[str, Any] = {"status": state, "progress": progress, "attempt": event.attempt if event else None}
    match event:
        case TaskCompleted():
            fields |= {"processing_time": round(event.processing_time, 1)}
            fields |= _results(job, submission, task, event.result)
        case TaskFailed():
            fields |= {"processing_time": event.processing_time, "error": event.error, "error_code": event.error_code}
        case _ if state == "processing" and (lines := job.preview(task)):
            fields |= _known(task, {"partial": True, "partial_lines": lines})
    return fields


def _results(job: Job, submission: JobSubmitted, task: Task, result: Result) -> dict[str, Any]:
    """Return a result's fields, with file names turned into the paths at which the gateway serves them.

    A user's correction replaces fields of a rhythm, or of lyrics.

    Fields that the task's document does not have are left out: the event may hold the result of another task.
    """
    files = {name for name, field in type(result).model_fields.items() if FILE in field.metadata}
    folder, name = f"/storage/{submission.job_id}", slug(submission.song.name)
    fields = {
        f"{field}_path" if field in files else field: f"{folder}/{name}_{value}" if field in files else value
        for field, value in result.model_dump(exclude={"kind"}).items()
    }
    if isinstance(result, Lyrics):
        fields["partial"] = False
    if isinstance(result, Rhythm | Lyrics):
        is_rhythm = isinstance(result, Rhythm)
        correction = job.counted_rhythm if is_rhythm else job.corrected_lyrics
        fields |= {"revision": job.corrections(CORRECTED if is_rhythm else CORRECTED_LYRICS)}
        fields |= {"corrected": correction is not None} | (correction.model_dump() if correction else {})
    if isinstance(result, Lyrics) and (alignment := job.alignment):
        fields |= {"alignment": _alignment(alignment)}
    return _known(task, fields)


def _known(task: Task, fields: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if field in _KNOWN[task]}


def _alignment(event: AlignmentEvent) -> dict[str, Any]:
    fields = {"number": event.number, "updated_at": event.at}
    match event:
        case AlignmentRequested():
            return fields | {"status": "queued"}
        case AlignmentCompleted():
            return fields | {"status": "completed"}
        case AlignmentFailed():
            return fields | {"status": "failed", "error": event.error, "error_code": event.error_code}


def slug(file_name: str) -> str:
    """A file name's letters and digits, for the readable part of a URL: `Café del Mar.mp3` gives `cafe-del-mar`."""
    letters = normalized("NFKD", PurePath(file_name).stem).encode("ascii", "ignore").decode().lower()
    return NOT_IN_SLUG.sub("-", letters).strip("-")[:40] or "song"


def _error(job: Job, status: JobState) -> tuple[str | None, str | None]:
    if job.is_cancelled:
        return "The job was cancelled", "cancelled"
    if status == "failed":
        for task in Task:
            if isinstance(event := job.event(task), TaskFailed):
                return f"Audio processing failed: {event.summary}", event.error_code
    return None, None


def _progress(job: Job, submission: JobSubmitted, status: JobState) -> int:
    if status in ("completed", "failed"):
        return 100 if status == "completed" else 0
    requested = submission.options.tasks
    done = sum(task.row.weight * job.percent(task) for task in requested)
    return VALIDATED + (100 - VALIDATED) * done // (100 * sum(task.row.weight for task in requested))


def _step(states: dict[Task, TaskState], status: JobState) -> Step:
    """Return the first unfinished step. A job in which nothing has started is still at its validation."""
    if status in ("queued", "completed"):
        return "validation" if status == "queued" else "completed"
    wanted = ("failed",) if status == "failed" else ("queued", "processing")
    return next((task.value for task, state in states.items() if state in wanted), "validation")
