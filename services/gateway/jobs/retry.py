"""`POST /api/jobs/<job_id>/retry`: run the failed tasks of a job again."""

from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request

from services.gateway.security.auth import Keys
from services.gateway.security.quota import Quota
from services.gateway.settings import PUBLISH_SECONDS
from services.gateway.status.client import StatusClient
from shared.broker.bus import Bus
from shared.document import JobDocument
from shared.events import JobSubmitted, TasksRerun
from shared.job import ready
from shared.storage.job_files import Storage
from shared.tasks import Task
from shared.web.problem import Problem, problems

log = structlog.get_logger()


async def retry_tasks(
    bus: Bus, storage: Storage, submission: JobSubmitted, document: JobDocument, tasks: tuple[Task, ...]
) -> None:
    """Start a new run of a job's tasks. Its events outrank those of earlier runs. Raises TransientError.

    Each request claims its own run number in the storage, so that the results of concurrent requests, at any gateway,
    are never mixed.
    """
    job_id = submission.job_id
    run = await storage.claim_run(job_id, document.run + 1)
    event = TasksRerun(job_id=job_id, at=datetime.now(UTC), run=run, tasks=tasks)
    await bus.publish(event, ready(submission, event), within=PUBLISH_SECONDS)
    log.info("job retried", job_id=event.job_id, run=event.run, tasks=tasks)


def routes(status_client: StatusClient, bus: Bus, storage: Storage, keys: Keys, quota: Quota) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["jobs"])

    @router.post(
        "/jobs/{job_id}/retry",
        status_code=202,
        responses=problems(
            _404="No such job.",
            _409="The job has not failed, or was cancelled.",
            _429="Too many requests in this minute, unfinished jobs or minutes of audio today.",
        ),
    )
    async def retry(job_id: str, request: Request, owner: Annotated[str | None, Depends(keys.owner)]) -> dict[str, str]:
        """Run failed tasks, and those skipped because of them, again. Completed tasks keep their results."""
        await quota.check_rate(request, owner)
        document = await status_client.document(job_id, owner)
        submission = await storage.manifest(job_id)
        if document.status != "failed" or document.error_code == "cancelled" or submission is None:
            raise Problem(409, "nothing_to_retry", "Only a job that failed, and was not cancelled, can be retried.")
        again = tuple(
            task
            for task in Task
            if task in submission.options.tasks and document.task(task).status in ("failed", "skipped")
        )
        async with quota.reserved(request, owner, submission, document.run + 1):
            await retry_tasks(bus, storage, submission, document, again)
        return {"job_id": job_id}

    return router
