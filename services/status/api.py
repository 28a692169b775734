"""Routes of the status service: the documents of the job status API (docs/openapi.json).

A document is derived from the registers when they are read from the database, then cached until the next change.

For the gateway only: the `X-Owner` header limits a request to one owner's jobs, and `/usage` says what the jobs of an
owner, or of a caller without a key, use.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Response

from services.status.database.store import Store
from services.status.database.usage import read_usage
from services.status.queue.snapshots import Snapshots
from services.status.read.change_feed import ChangeFeed
from services.status.read.document_cache import DocumentCache
from services.status.read.documents import Documents
from services.status.read.event_stream import EventStream
from services.status.read.fast_path import StatusFastPath
from services.status.read.rendered_document import RenderedDocument
from services.status.settings import Settings
from shared.document import JobDocument, JobDocuments
from shared.events import CallerHash, Owner
from shared.storage.job_files import Storage
from shared.usage import Usage
from shared.web.head import HeadAsGet
from shared.web.health import Health
from shared.web.job_ids import parse_job_ids
from shared.web.problem import Problem, install_error_handlers, no_such_job, problems, require_job_id
from shared.web.streams import Stream

OwnerHeader = Annotated[Owner | None, Header()]
OptionalHeader = Annotated[str | None, Header()]


def create_app(
    store: Store, storage: Storage, health: Health, settings: Settings, stopping: asyncio.Event | None = None
) -> FastAPI:
    """Streams end when `stopping` is set. Documents are cached only during the application's lifespan."""
    snapshots = Snapshots(store)
    documents = Documents(store, storage, snapshots, timedelta(hours=settings.job_ttl_hours))
    cache = DocumentCache(documents, snapshots)
    changes = ChangeFeed(store, snapshots, cache)
    app = FastAPI(openapi_url=None, lifespan=lambda _: changes.watching())
    install_error_handlers(app)
    app.add_middleware(StatusFastPath, cache)
    app.add_middleware(HeadAsGet)
    app.include_router(health.router())
    app.include_router(_documents(documents, cache))
    app.include_router(_events(cache, EventStream(cache, changes), stopping or asyncio.Event()))
    app.include_router(_usage(store, timedelta(hours=settings.job_ttl_hours)))
    return app


def _documents(documents: Documents, cache: DocumentCache) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/status", responses=problems(_422="No ids, or too many."))
    async def statuses(ids: str = "", x_owner: OwnerHeader = None) -> JobDocuments:
        requested = parse_job_ids(ids)
        found = await documents.find_all(requested, x_owner)
        return JobDocuments(
            jobs=tuple([await documents.complete(document) for document in found if document]),
            missing=tuple(job_id for job_id, document in zip(requested, found, strict=True) if document is None),
        )

    @router.get("/status/{job_id}", response_model=JobDocument, responses=problems(_404="No such job."))
    async def status(
        job_id: str,
        x_owner: OwnerHeader = None,
        if_none_match: OptionalHeader = None,
        cache_control: OptionalHeader = None,
    ) -> Response:
        """`Cache-Control: no-cache` reads the database instead of the cache."""
        require_job_id(job_id)
        rendered = await (cache.read_stored(job_id) if cache_control else cache.get(job_id, if_none_match))
        return _visible(rendered, job_id, x_owner).response(if_none_match)

    return router


def _events(cache: DocumentCache, event_stream: EventStream, stopping: asyncio.Event) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/status/{job_id}/events", response_class=Stream)
    async def events(job_id: str, x_owner: OwnerHeader = None, last_event_id: OptionalHeader = None) -> Response:
        """Answers 204 when the client has the last event of a finished job, so that EventSource stops reconnecting."""
        require_job_id(job_id)
        rendered = _visible(await cache.read_stored(job_id), job_id, x_owner)
        if rendered.document.is_over and rendered.id == last_event_id:
            return Response(status_code=204)
        return Stream(event_stream.stream(job_id, last_event_id), stopping)

    return router


def _visible(rendered: RenderedDocument | None, job_id: str, owner: str | None) -> RenderedDocument:
    if rendered is None or not rendered.is_visible_to(owner):
        raise no_such_job(job_id)
    return rendered


def _usage(store: Store, lifetime: timedelta) -> APIRouter:
    router = APIRouter()

    @router.get("/usage")
    async def usage(owner: Owner | None = None, caller: CallerHash | None = None) -> Usage:
        """Usage of the jobs of one owner, or of one caller without a key."""
        query = {field: value for field, value in (("owner", owner), ("caller", caller)) if value}
        if len(query) != 1:
            raise Problem(422, "invalid_request", "Name an owner or a caller.")
        return await read_usage(store, query, datetime.now(UTC), lifetime)

    return router
