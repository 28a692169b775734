"""`GET /api/status/<job_id>`: the contract's document, made from the registers at every read."""

from datetime import UTC, datetime, timedelta

from fastapi import FastAPI

from services.status.settings import Settings
from services.status.store import Store
from shared.document import JobDocument
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
    async def status(job_id: str) -> JobDocument:
        require_job_id(job_id)
        now = datetime.now(UTC)
        job = await _job(job_id)
        if job is None or "expired" in job or (document := view(job, now)).created_at + ttl < now:
            raise no_such_job(job_id)
        return document

    async def _job(job_id: str) -> Job | None:
        """From the store, or from the manifest when the broker's copy of the submission has yet to arrive."""
        job = await store.get(job_id)
        if job is None or "submitted" not in job:
            submission = await storage.manifest(job_id)
            return fold(job or {}, submission) if submission else None
        return job

    return app
