"""`GET /api/status…`: the status of one job or many, forwarded from the status service."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from services.gateway.security.auth import Keys
from services.gateway.status.client import StatusClient, StatusResponse
from services.gateway.status.relay import Relay
from shared.document import JobDocument, JobDocuments
from shared.web.job_ids import MAX_IDS, parse_job_ids
from shared.web.problem import problems
from shared.web.streams import Stream

EVENT: Final = {
    "type": "object",
    "required": ["event", "id", "data"],
    "properties": {
        "event": {"const": "status"},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json", "description": "A `JobDocument`."},
    },
}
"""Schema of an event of a stream, for the OpenAPI document."""
PASSED_ON: Final = ("content-type", "retry-after", "etag", "cache-control")
"""Headers of the status service that the client receives."""

IfNoneMatch = Annotated[str | None, Header(description="The `ETag` of an earlier response.")]
LastEventId = Annotated[str | None, Header(description="Id of the last received event.")]
Ids = Annotated[str, Query(description=f"Comma-separated, 1 to {MAX_IDS}.")]


def routes(status_client: StatusClient, relay: Relay, keys: Keys) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["jobs"])
    unchanged: dict[int | str, dict[str, object]] = {304: {"description": "The document has not changed."}}

    @router.get("/status/{job_id}", response_model=JobDocument, responses=problems(_404="No such job.") | unchanged)
    async def status(
        job_id: str, owner: Annotated[str | None, Depends(keys.owner)], if_none_match: IfNoneMatch = None
    ) -> Response:
        """Status of a job, and the paths of its results. Poll it every 3 to 5 seconds, with the last `ETag`."""
        answer = await status_client.poll(job_id, owner, if_none_match)
        return _response(answer)

    @router.get("/status", response_model=JobDocuments, responses=problems(_422="No ids, or too many."))
    async def statuses(owner: Annotated[str | None, Depends(keys.owner)], ids: Ids = "") -> Response:
        """Status of many jobs, in one response."""
        answer = await status_client.get_many(parse_job_ids(ids), owner)
        return _response(answer)

    @router.get(
        "/status/{job_id}/events",
        response_class=Stream,
        responses=problems(_404="No such job.", _429="The caller has too many streams.", _503="Too many streams.")
        | {
            200: {"content": {"text/event-stream": {"schema": EVENT}}},
            204: {"description": "The job has ended, and the client has its last event."},
        },
    )
    async def events(
        job_id: str,
        request: Request,
        owner: Annotated[str | None, Depends(keys.owner)],
        last_event_id: LastEventId = None,
    ) -> Response:
        """The job's document as an event `status`, now and after every change, until the job has ended."""
        return await relay.follow(job_id, request, owner, last_event_id)

    return router


def _response(upstream: StatusResponse) -> Response:
    headers = {name: upstream.headers[name] for name in PASSED_ON if name in upstream.headers}
    return Response(upstream.body, upstream.status, headers)
