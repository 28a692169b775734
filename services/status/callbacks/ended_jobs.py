"""Callbacks that are due because of folded events."""

from collections.abc import Iterable, Iterator

import stamina
import structlog

from services.status.database.outbox import NewCallback, Outbox
from services.status.database.store import Store
from shared.callbacks.address import parse
from shared.document import JobDocument
from shared.errors import PermanentError, TransientError
from shared.events import Event, JobExpired, TaskPreviewed, TaskProgressed, TaskStarted
from shared.job import Job
from shared.telemetry.logs import error_fields
from shared.view import view

log = structlog.get_logger()


async def record_ended_jobs(store: Store, outbox: Outbox, events: Iterable[Event]) -> bool:
    """Add a callback for each job that has ended with `events`, which have been folded; return whether there is any.

    Waits for an unavailable server. Recording the same events again changes nothing.
    """
    endless = TaskStarted | TaskProgressed | TaskPreviewed | JobExpired
    job_ids = {e.job_id for e in events if not isinstance(e, endless)}
    if not job_ids:
        return False
    async for attempt in stamina.retry_context(on=TransientError, attempts=None, timeout=None):
        with attempt:
            jobs = await store.with_callback(sorted(job_ids))
            callbacks = list(_new_callbacks(jobs))
            if callbacks:
                await outbox.add(callbacks)
            if last := [job_id for job in jobs if job.is_cancelled and (job_id := _job_id(job))]:
                await store.forget_callback_urls(last)
    return bool(callbacks)


def callback_id(document: JobDocument) -> str | None:
    """Return the id of the callback for the job's latest end; None while the job runs."""
    run = "cancelled" if document.error_code == "cancelled" else str(document.run)
    return f"{document.job_id}.{run}" if document.is_over else None


def _new_callbacks(jobs: Iterable[Job]) -> Iterator[NewCallback]:
    for job in jobs:
        try:
            if callback := _new_callback(job):
                yield callback
        except Exception as error:  # noqa: BLE001 -- one job must not cost the others their callbacks
            log.error("callback cannot be made", job_id=_job_id(job), **error_fields(error))  # noqa: TRY400 -- no text


def _job_id(job: Job) -> str | None:
    return job.submission.job_id if job.submission else None


def _new_callback(job: Job) -> NewCallback | None:
    document, submission = view(job), job.submission
    key = callback_id(document)
    if key is None or submission is None or not submission.callback_url:
        return None
    try:
        host = str(parse(submission.callback_url).host)
    except PermanentError as error:
        log.error("callback cannot be made", job_id=document.job_id, error=error.summary)  # noqa: TRY400 -- says it all
        return None
    return NewCallback(key, document.job_id, submission.callback_url, host, submission.owner)
