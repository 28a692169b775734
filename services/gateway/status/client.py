"""A job that exists: cancel it, or run again what failed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import httpx
import structlog
from fastapi import APIRouter, Depends, Request

from services.gateway.security.auth import Keys
from services.gateway.security.quota import Quota
from shared.broker.bus import Bus
from shared.document import JobDocument
from shared.errors import TransientError
from shared.events import JobCancelled, JobRetried, JobSubmitted, Task
from shared.job import ready
from shared.storage.objects import Storage
from shared.web.problem import Problem, no_such_job, problems, require_job_id

log = structlog.get_logger()

ANEW: Final = {"Cache-Control": "no-cache"}
PUBLISH_SECONDS = 8.0
COUNT_SECONDS = 2.0


class Jobs:
    """Jobs as the status service tells of them."""

    def __init__(self, status: httpx.AsyncClient) -> None:
        self._status = status

    async def answer(
        self, job_id: str, owner: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """What the status service says to `owner`; None may know everything.

        Without headers of a poll it is asked in order to decide something, and so for what the database has now.

        Raises Problem 404 for what is no id, TransientError while it is away or cannot answer.
        """
        require_job_id(job_id)
        return await self._get(f"/api/status/{job_id}", owner, ANEW if headers is None else headers, {})

    async def answer_all(self, job_ids: Sequence[str], owner: str | None) -> httpx.Response:
        """What it says of many jobs at once. Raises TransientError."""
        return await self._get("/api/status", owner, {}, {"ids": ",".join(job_ids)})

    async def _get(
        self, path: str, owner: str | None, headers: Mapping[str, str], params: Mapping[str, str]
    ) -> httpx.Response:
        try:
            answer = await self._status.get(path, headers={**asked_by(owner), **headers}, params=params)
        except httpx.HTTPError as error:
            raise TransientError("The status service is away", code="status_unavailable") from error
        if answer.is_server_error:
            raise TransientError("The status service cannot answer", code="status_unavailable")
        return answer

    async def document(self, job_id: str, owner: str | None) -> JobDocument:
        """Raises Problem 404 for a job that is not there, or is another's."""
        answer = await self.answer(job_id, owner)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise no_such_job(job_id)
        return JobDocument.model_validate_json(answer.content)

    async def unfinished(self, owner: str, limit: int) -> int:
        """How many of the owner's jobs have not ended, counted up to `limit`. Raises TransientError."""
        try:
            path = f"/owners/{owner}/unfinished"
            answer = await self._status.get(path, params={"limit": limit}, timeout=COUNT_SECONDS)
            return int(answer.raise_for_status().text)
        except httpx.HTTPError as error:
            raise TransientError("The status service is away", code="status_unavailable") from error


async def run_again(
    bus: Bus, storage: Storage, submission: JobSubmitted, document: JobDocument, tasks: tuple[Task, ...]
) -> None:
    """Starts a job's tasks once more, which outranks what they came to so far. Raises TransientError.

    Requests that come at once get runs of their own, at any gateways: the results of two are never taken for one.
    """
    job_id, run = submission.job_id, document.run + 1
    while not await storage.claim(f"{job_id}/run-{run}"):
        run += 1
    event = JobRetried(job_id=job_id, at=datetime.now(UTC), run=run, tasks=tasks)
    await bus.publish(event, ready(submission, event), within=PUBLISH_SECONDS)
    log.info("job retried", job_id=event.job_id, run=event.run, tasks=tasks)


def asked_by(owner: str | None) -> dict[str, str]:
    """Tells the status service in whose name it is asked."""
    return {"X-Owner": owner} if owner else {}


def routes(jobs: Jobs, bus: Bus, storage: Storage, keys: Keys, quota: Quota) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["jobs"])

    @router.delete("/jobs/{job_id}", status_code=204, responses=problems(_404="No such job."))
    async def cancel(job_id: str, owner: Annotated[str | None, Depends(keys.owner)]) -> None:
        """Cancels a job for good: what runs is stopped, its files go, results included. May be repeated."""
        await jobs.document(job_id, owner)
        await bus.publish(JobCancelled(job_id=job_id, at=datetime.now(UTC)), within=PUBLISH_SECONDS)
        await storage.delete_job(job_id)
        log.info("job cancelled", job_id=job_id)

    @router.post(
        "/jobs/{job_id}/retry",
        status_code=202,
        responses=problems(
            _404="No such job.",
            _409="The job has not failed, or was cancelled.",
            _429="Too many requests in this minute, or too many jobs under way.",
        ),
    )
    async def retry(job_id: str, request: Request, owner: Annotated[str | None, Depends(keys.owner)]) -> dict[str, str]:
        """Runs again what failed, and what was skipped because of it; what was completed stays."""
        await quota.keep_pace(request, owner)
        document = await jobs.document(job_id, owner)
        submission = await storage.manifest(job_id)
        if document.status != "failed" or document.error_code == "cancelled" or submission is None:
            raise Problem(409, "nothing_to_retry", "Only a job that failed, and was not cancelled, can be retried.")
        await quota.require_room(owner)
        again = tuple(
            task
            for task in Task
            if task in submission.options.tasks and getattr(document, task).status in ("failed", "skipped")
        )
        await run_again(bus, storage, submission, document, again)
        return {"job_id": job_id}

    return router
