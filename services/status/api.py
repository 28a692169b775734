"""`GET /api/status/<job_id>`: the contract's document, made from the registers at every read.

What the gateway alone asks: whose job it is (`X-Owner`), and how many an owner has under way.
"""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Query, Response

from services.status.changes import Changes
from services.status.documents import Documents
from services.status.editions import Editions, event_id
from services.status.following import Following
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
from shared.streams import Stream
from shared.view import view

POLL_SECONDS = 3
OwnerHeader = Annotated[Owner | None, Header()]
Condition = Annotated[str | None, Header()]


def create_app(
    store: Store, storage: Storage, health: Health, settings: Settings, stopping: asyncio.Event | None = None
) -> FastAPI:
    """Streams end when `stopping` is set."""
    app = FastAPI(title="Karaoke status")
    answer_problems(app)
    snapshots = Snapshots(store)
    documents = Documents(store, storage, snapshots, timedelta(hours=settings.job_ttl_hours))
    editions = Editions(documents, snapshots)
    following = Following(editions, Changes(store, snapshots, editions))
    app.include_router(health.router())
    app.include_router(_documents(documents))
    app.include_router(_events(documents, following, stopping or asyncio.Event()))
    app.include_router(_owners(store))
    return app


def _documents(documents: Documents) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/status", responses=problems(_422="No ids, or too many."))
    async def statuses(ids: str = "", x_owner: OwnerHeader = None) -> JobDocuments:
        asked = job_ids(ids)
        found = await documents.find_all(asked, x_owner)
        return JobDocuments(
            jobs=tuple([await documents.complete(document) for document in found if document]),
            missing=tuple(job_id for job_id, document in zip(asked, found, strict=True) if document is None),
        )

    @router.get("/status/{job_id}", response_model=JobDocument, responses=problems(_404="No such job."))
    async def status(job_id: str, x_owner: OwnerHeader = None, if_none_match: Condition = None) -> Response:
        shown = await documents.show(await _required(documents, job_id, x_owner))
        headers = {"ETag": shown.etag, "Cache-Control": "private, no-cache"}
        if not shown.document.is_over:
            headers["Retry-After"] = str(POLL_SECONDS)
        if is_known(if_none_match, shown.etag):
            return Response(status_code=304, headers=headers)
        return Response(shown.body, headers=headers, media_type="application/json")

    return router


def _events(documents: Documents, following: Following, stopping: asyncio.Event) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/status/{job_id}/events", response_class=Stream)
    async def events(job_id: str, x_owner: OwnerHeader = None, last_event_id: Condition = None) -> Response:
        """204 for who has the last event of a job that is over, which has EventSource stop."""
        document = await _required(documents, job_id, x_owner)
        if document.is_over and event_id(await documents.show(document)) == last_event_id:
            return Response(status_code=204)
        return Stream(following.stream(job_id, last_event_id), stopping)

    return router


def _owners(store: Store) -> APIRouter:
    router = APIRouter()

    @router.get("/owners/{owner}/unfinished")
    async def unfinished(owner: Owner, limit: Annotated[int, Query(gt=0)]) -> int:
        """How many of the owner's jobs have not ended, counted up to `limit`."""
        count = 0
        async for job in store.perhaps_unfinished(owner):
            count += not view(job).is_over
            if count == limit:
                break
        return count

    return router


async def _required(documents: Documents, job_id: str, owner: str | None) -> JobDocument:
    require_job_id(job_id)
    document = await documents.find(job_id, owner)
    if document is None:
        raise no_such_job(job_id)
    return document
