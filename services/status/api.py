"""`GET /api/status/<job_id>`: the contract's document, made from the registers after every change.

What the gateway alone asks: whose job it is (`X-Owner`), and how many an owner has under way.
"""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Query, Response

from services.status.database.store import Store
from services.status.queue.snapshots import Snapshots
from services.status.read.change_feed import Changes
from services.status.read.document_cache import Editions
from services.status.read.documents import Documents
from services.status.read.event_stream import Following
from services.status.read.fast_path import Polls
from services.status.read.rendered_document import Edition
from services.status.settings import Settings
from shared.document import JobDocument, JobDocuments
from shared.events import Owner
from shared.storage.objects import Storage
from shared.view import view
from shared.web.health import Health
from shared.web.job_ids import job_ids
from shared.web.problem import answer_problems, no_such_job, problems, require_job_id
from shared.web.streams import Stream

OwnerHeader = Annotated[Owner | None, Header()]
Condition = Annotated[str | None, Header()]


def create_app(
    store: Store, storage: Storage, health: Health, settings: Settings, stopping: asyncio.Event | None = None
) -> FastAPI:
    """Streams end when `stopping` is set. What is read is kept only while the application's lifespan lasts."""
    snapshots = Snapshots(store)
    documents = Documents(store, storage, snapshots, timedelta(hours=settings.job_ttl_hours))
    editions = Editions(documents, snapshots)
    changes = Changes(store, snapshots, editions)
    app = FastAPI(title="Karaoke status", lifespan=lambda _: changes.heard_of())
    answer_problems(app)
    app.add_middleware(Polls, editions)
    app.include_router(health.router())
    app.include_router(_documents(documents, editions))
    app.include_router(_events(editions, Following(editions, changes), stopping or asyncio.Event()))
    app.include_router(_owners(store))
    return app


def _documents(documents: Documents, editions: Editions) -> APIRouter:
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
    async def status(
        job_id: str, x_owner: OwnerHeader = None, if_none_match: Condition = None, cache_control: Condition = None
    ) -> Response:
        """`Cache-Control: no-cache` has the database asked, whatever is kept."""
        require_job_id(job_id)
        edition = await (editions.read(job_id) if cache_control else editions.current(job_id, if_none_match))
        return _shown(edition, job_id, x_owner).answer(if_none_match)

    return router


def _events(editions: Editions, following: Following, stopping: asyncio.Event) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/status/{job_id}/events", response_class=Stream)
    async def events(job_id: str, x_owner: OwnerHeader = None, last_event_id: Condition = None) -> Response:
        """204 for who has the last event of a job that is over, which has EventSource stop."""
        require_job_id(job_id)
        edition = _shown(await editions.read(job_id), job_id, x_owner)
        if edition.document.is_over and edition.id == last_event_id:
            return Response(status_code=204)
        return Stream(following.stream(job_id, last_event_id), stopping)

    return router


def _shown(edition: Edition | None, job_id: str, owner: str | None) -> Edition:
    if edition is None or not edition.is_for(owner):
        raise no_such_job(job_id)
    return edition


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
