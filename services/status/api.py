"""`GET /api/status/<job_id>`: the contract's document, made from the registers at every read.

What the gateway alone asks: whose job it is (`X-Owner`), and how many an owner has under way.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import FastAPI, Header, Query

from services.status.settings import Settings
from services.status.store import Store
from shared.document import JobDocument
from shared.events import JobSubmitted, Owner
from shared.health import Health
from shared.job import Job, fold
from shared.problem import answer_problems, no_such_job, problems, require_job_id
from shared.storage import Storage
from shared.view import view


def create_app(store: Store, storage: Storage, health: Health, settings: Settings) -> FastAPI:
    app = FastAPI(title="Karaoke status")
    app.include_router(health.router())
    answer_problems(app)
    ttl = timedelta(hours=settings.job_ttl_hours)

    @app.get("/api/status/{job_id}", responses=problems(_404="No such job, or it has expired."))
    async def status(job_id: str, x_owner: Annotated[Owner | None, Header()] = None) -> JobDocument:
        require_job_id(job_id)
        now = datetime.now(UTC)
        job = await _job(job_id)
        if job is None or "expired" in job or (document := view(job, now)).created_at + ttl < now:
            raise no_such_job(job_id)
        if x_owner is not None and _owner(job) != x_owner:
            raise no_such_job(job_id)
        return document

    @app.get("/owners/{owner}/unfinished")
    async def unfinished(owner: Owner, limit: Annotated[int, Query(gt=0)]) -> int:
        """How many of the owner's jobs have not ended, counted up to `limit`."""
        now, count = datetime.now(UTC), 0
        async for job in store.perhaps_unfinished(owner):
            count += view(job, now).status in ("queued", "processing")
            if count == limit:
                break
        return count

    async def _job(job_id: str) -> Job | None:
        """From the store, or from the manifest when the broker's copy of the submission has yet to arrive."""
        job = await store.get(job_id)
        if job is None or "submitted" not in job:
            submission = await storage.manifest(job_id)
            return fold(job or {}, submission) if submission else None
        return job

    return app


def _owner(job: Job) -> str | None:
    submission = job["submitted"].event
    return submission.owner if isinstance(submission, JobSubmitted) else None
