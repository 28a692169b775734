"""A job as the public sees it: the contract's document, derived from the registers at every read."""

import re
import unicodedata
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from shared.document import (
    BeatAnalysisDocument,
    JobDocument,
    JobState,
    StemSeparationDocument,
    Step,
    TaskDocument,
    TaskState,
    TranscriptionDocument,
)
from shared.events import (
    JobSubmitted,
    Lyrics,
    Result,
    Rhythm,
    Stems,
    Task,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
)
from shared.job import Job

VALIDATED = 10
"""Percent of a job that is done with its upload; the tasks asked for share the rest by weight."""
WEIGHTS = {Task.STEM_SEPARATION: 55, Task.TRANSCRIPTION: 25, Task.BEAT_ANALYSIS: 10}

DOCUMENTS: dict[Task, type[TaskDocument]] = {
    Task.STEM_SEPARATION: StemSeparationDocument,
    Task.TRANSCRIPTION: TranscriptionDocument,
    Task.BEAT_ANALYSIS: BeatAnalysisDocument,
}


DAY = timedelta(hours=24)


def view(job: Job, now: datetime | None = None, *, ttl: timedelta = DAY) -> JobDocument:
    """The document as of the last event, so that it is the same for as long as nothing happens.

    `now` has the processing time of a running job counted up to there instead. Raises KeyError while the submission
    itself has not been folded.
    """
    submission = _submission(job)
    tasks = {task: _task(job, submission, task) for task in Task}
    status = _status(job, tasks)
    message, code = _error(job, status)
    until = _ended_at(job) if status in ("completed", "failed") else now or _updated_at(job)
    return JobDocument.model_validate(
        {
            "job_id": submission.job_id,
            "status": status,
            "progress": _progress(job, submission, status),
            "current_step": _step(tasks, status),
            "created_at": submission.at,
            "updated_at": _updated_at(job),
            "processing_time": max(0.0, round((until - submission.at).total_seconds(), 1)),
            "error_message": message,
            "error_code": code,
            **tasks,
            "run": max(_run(job, task) for task in Task),
            "name": submission.song.name,
            "audio_duration": submission.song.audio_duration,
            "file_size": submission.song.file_size,
            "expires_at": submission.at + ttl,
        }
    )


def _submission(job: Job) -> JobSubmitted:
    event = job["submitted"].event
    assert isinstance(event, JobSubmitted)
    return event


def _run(job: Job, task: Task) -> int:
    register = job.get(f"{task}_run")
    return int(register.order[0]) if register else 0


def _event(job: Job, task: Task) -> TaskEvent | None:
    """The greatest event of the task's present run; a cancelled job's are void, as its files are gone."""
    event = job[task].event if task in job and not _is_cancelled(job) else None
    return event if isinstance(event, TaskEvent) and event.run >= _run(job, task) else None


def _highest(job: Job, task: Task) -> int:
    """The highest percentage of the task's present run, which an attempt that starts over does not lower."""
    run, percent = job[f"{task}_progress"].order if f"{task}_progress" in job else (0, 0)
    return int(percent) if int(run) >= _run(job, task) else 0


def _is_cancelled(job: Job) -> bool:
    return "cancelled" in job


def _updated_at(job: Job) -> datetime:
    return datetime.fromisoformat(str(job["updated"].order[0]))


def _ended_at(job: Job) -> datetime:
    """When the last task ended. A refinement, which may come much later, ends none."""
    ends = [event for task in Task if isinstance(event := _event(job, task), TaskCompleted | TaskFailed)]
    firsts = [event.at for event in ends if not (isinstance(event, TaskCompleted) and event.refined)]
    return max(firsts, default=_updated_at(job))


def _state(job: Job, submission: JobSubmitted, task: Task) -> TaskState:
    event = _event(job, task)
    match event:
        case TaskCompleted():
            return "completed"
        case TaskFailed():
            return "failed"
    if task not in submission.options.tasks or _is_cancelled(job) or _lost_its_input(job, task):
        return "skipped"
    return "processing" if event else "queued"


def _lost_its_input(job: Job, task: Task) -> bool:
    return task is Task.TRANSCRIPTION and isinstance(_event(job, Task.STEM_SEPARATION), TaskFailed)


def _task(job: Job, submission: JobSubmitted, task: Task) -> TaskDocument:
    event = _event(job, task)
    state = _state(job, submission, task)
    progress = {"completed": 100, "skipped": 100, "failed": 0}.get(state, _highest(job, task))
    fields: dict[str, Any] = {"status": state, "progress": progress, "attempt": event.attempt if event else None}
    match event:
        case TaskCompleted():
            fields |= {"processing_time": round(event.processing_time, 1)} | _results(submission, event.result)
        case TaskFailed():
            fields |= {"processing_time": event.processing_time, "error": event.error, "error_code": event.error_code}
    return DOCUMENTS[task].model_validate(fields)


def _results(submission: JobSubmitted, result: Result) -> dict[str, Any]:
    """A result with its file names turned into the paths at which the gateway serves them."""
    fields = result.model_dump(exclude={"kind"})
    match result:
        case Stems():
            files = {"vocals", "drums", "bass", "other", "instrumental"}
        case Lyrics():
            files = {"transcription", "lrc", "srt", "vtt"}
        case Rhythm():
            files = {"beats"}
    folder, name = f"/storage/{submission.job_id}", slug(submission.song.name)
    return {
        f"{field}_path" if field in files else field: f"{folder}/{name}_{value}" if field in files else value
        for field, value in fields.items()
    }


def slug(file_name: str) -> str:
    """A file name's letters and digits, for the readable part of a URL: `Café del Mar.mp3` gives `cafe-del-mar`."""
    letters = unicodedata.normalize("NFKD", PurePath(file_name).stem).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", letters).strip("-")[:40] or "song"


def _status(job: Job, tasks: dict[Task, TaskDocument]) -> JobState:
    states = {document.status for document in tasks.values()}
    if _is_cancelled(job):
        return "failed"
    if states <= {"completed", "failed", "skipped"}:
        return "failed" if "failed" in states else "completed"
    return "queued" if states <= {"queued", "skipped"} else "processing"


def _error(job: Job, status: JobState) -> tuple[str | None, str | None]:
    if _is_cancelled(job):
        return "The job was cancelled", "cancelled"
    if status == "failed":
        for task in Task:
            if isinstance(event := _event(job, task), TaskFailed):
                return f"Audio processing failed: {event.summary}", event.error_code
    return None, None


def _progress(job: Job, submission: JobSubmitted, status: JobState) -> int:
    if status in ("completed", "failed"):
        return 100 if status == "completed" else 0
    asked = submission.options.tasks
    done = sum(WEIGHTS[task] * _highest(job, task) for task in asked)
    return VALIDATED + (100 - VALIDATED) * done // (100 * sum(WEIGHTS[task] for task in asked))


def _step(tasks: dict[Task, TaskDocument], status: JobState) -> Step:
    """The first unfinished step; a job in which nothing has started is still at its validation."""
    if status in ("queued", "completed"):
        return "validation" if status == "queued" else "completed"
    wanted = ("failed",) if status == "failed" else ("queued", "processing")
    return next((task.value for task, document in tasks.items() if document.status in wanted), "validation")
