"""`GET /api/status/<job_id>`: the contract's document, made from the registers at every read.

What the gateway alone asks: whose job it is (`X-Owner`), and how many an owner has under way.
"""

from datetime import timedelta
from typing import Annotated

from fastapi import FastAPI, Header, Query, Response

from services.status.documents import Documents
from services.status.settings import Settings
from services.status.snapshots import Snapshots
from services.status.store import Store
from shared.batch import job_ids
from shared.document import JobDocument, JobDocuments
from shared.etag import is_known
from shared.events import Owner
from shared.health import Health
from shared.problem import answer_problems, no_such_job, problems, require_job_id
from shared.storage import Storage
from shared.view import view

POLL_SECONDS = 3
OwnerHeader = Annotated[Owner | None, Header()]


def create_app(store: Store, storage: Storage, health: Health, settings: Settings) -> FastAPI:
    app = FastAPI(title="Karaoke status")
    app.include_router(health.router())
    answer_problems(app)
    documents = Documents(store, storage, Snapshots(store), timedelta(hours=settings.job_ttl_hours))

    @app.get("/api/status", responses=problems(_422="No ids, or too many."))
    async def statuses(ids: str = "", x_owner: OwnerHeader = None) -> JobDocuments:
        asked = job_ids(ids)
        found = await documents.find_all(asked, x_owner)
        return JobDocuments(
            jobs=tuple([(await documents.show(document)).document for document in found if document]),
            missing=tuple(job_id for job_id, document in zip(asked, found, strict=True) if document is None),
        )

    @app.get(
        "/api/status/{job_id}",
        response_model=JobDocument,
        responses=problems(_404="No such job, or it has expired."),
    )
    async def status(
        job_id: str, x_owner: OwnerHeader = None, if_none_match: Annotated[str | None, Header()] = None
    ) -> Response:
        require_job_id(job_id)
        document = await documents.find(job_id, x_owner)
        if document is None:
            raise no_such_job(job_id)
        shown = await documents.show(document)
        headers = {"ETag": shown.etag, "Cache-Control": "private, no-cache"}
        if not document.is_over:
            headers["Retry-After"] = str(POLL_SECONDS)
        if is_known(if_none_match, shown.etag):
            return Response(status_code=304, headers=headers)
        return Response(shown.body, headers=headers, media_type="application/json")

    @app.get("/owners/{owner}/unfinished")
    async def unfinished(owner: Owner, limit: Annotated[int, Query(gt=0)]) -> int:
        """How many of the owner's jobs have not ended, counted up to `limit`."""
        count = 0
        async for job in store.perhaps_unfinished(owner):
            count += not view(job).is_over
            if count == limit:
                break
        return count

    return app
