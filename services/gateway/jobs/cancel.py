"""`DELETE /api/jobs/<job_id>`: cancel a job."""

from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends

from services.gateway.security.auth import Keys
from services.gateway.settings import PUBLISH_SECONDS
from services.gateway.status.client import StatusClient
from shared.broker.bus import Bus
from shared.events import JobCancelled
from shared.storage.job_files import Storage
from shared.web.problem import problems

log = structlog.get_logger()


def routes(status_client: StatusClient, bus: Bus, storage: Storage, keys: Keys) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["jobs"])

    @router.delete("/jobs/{job_id}", status_code=204, responses=problems(_404="No such job."))
    async def cancel(job_id: str, owner: Annotated[str | None, Depends(keys.owner)]) -> None:
        """Cancel a job permanently: stop its running tasks and delete its files, results included. May be repeated."""
        await status_client.document(job_id, owner)
        await bus.publish(JobCancelled(job_id=job_id, at=datetime.now(UTC)), within=PUBLISH_SECONDS)
        await storage.delete_job(job_id)
        log.info("job cancelled", job_id=job_id)

    return router
