"""`PUT /api/jobs/<job_id>/beats`: count the beats of a song differently, without analysing it again.

A correction is an object of its own, `beats-<number>.json`, made from the beats as they were heard. The greatest number
holds, for the files as for the job's document (`RhythmCorrected`).
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import ValidationError

from services.gateway.jobs.recount import BeatCorrection, counted, recounted
from services.gateway.jobs.upload import CLOSE, parse_content_type, short_body
from services.gateway.results import names
from services.gateway.results.current import CurrentFiles, latest_correction
from services.gateway.security.auth import Keys
from services.gateway.security.quota import Quota, caller_of
from services.gateway.settings import PUBLISH_SECONDS, Settings
from services.gateway.status.client import StatusClient
from shared.broker.bus import Bus
from shared.errors import PermanentError, on_a_full_disk
from shared.events import CountedRhythm, RhythmCorrected
from shared.storage.job_files import Storage, corrected_beats
from shared.storage.objects import MISSING
from shared.web.etag import etag_matches
from shared.web.problem import Problem, no_such_result, problems

log = structlog.get_logger()

MAX_BYTES: Final = 1000
RETRY_AFTER_SECONDS: Final = 5
KEPT: Final = 2
"""Corrections that are kept, with the one that holds: a client may still be reading the one before."""

BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": BeatCorrection.model_json_schema()}},
    }
}
PROBLEMS: Final = problems(
    _404="No such job, or its results have been deleted.",
    _409="The beats have not been found yet, or the song has none.",
    _412="The beats have changed: they have another ETag than `If-Match`.",
    _429="Too many requests in this minute.",
    _503="The broker is unavailable. Try again.",
)
IfMatch = Annotated[str | None, Header(description="ETag of `beats.json`: correct only these beats.")]


class BeatCorrections:
    def __init__(
        self,
        bus: Bus,
        storage: Storage,
        status_client: StatusClient,
        quota: Quota,
        files: CurrentFiles,
    ) -> None:
        self._bus = bus
        self._storage = storage
        self._status_client = status_client
        self._quota = quota
        self._files = files

    async def put(
        self, job_id: str, request: Request, owner: str | None, correction: BeatCorrection, if_match: str | None
    ) -> Response:
        """Apply a correction to the beats as they were heard, and return the new `beats.json` with its ETag.

        Raises Problem and TransientError. If the broker does not confirm, the files follow the correction already.
        """
        await self._require_beats(job_id, request, owner)
        number = latest_correction(await self._storage.sizes(job_id))
        try:
            heard = await self._storage.get(f"{job_id}/{names.BEATS}")
        except MISSING as error:
            raise no_such_result() from error
        await self._check(job_id, request, if_match)
        try:
            content, rhythm = await asyncio.to_thread(_corrected, heard, correction)
        except PermanentError as error:
            raise Problem(409 if error.code == "no_beats" else 422, error.code, f"{error.summary}.") from error
        number = await self._store(job_id, number, content, if_match)
        await self._publish(job_id, number, rhythm)
        log.info("beats corrected", job_id=job_id, number=number, **correction.model_dump())
        head = await self._storage.head(f"{job_id}/{corrected_beats(number)}")
        return Response(content, media_type="application/json", headers={"ETag": head.etag} if head else {})

    async def delete(self, job_id: str, request: Request, owner: str | None, if_match: str | None) -> None:
        """Take all corrections back. May be repeated."""
        await self._require_beats(job_id, request, owner)
        number = latest_correction(await self._storage.sizes(job_id))
        await self._check(job_id, request, if_match)
        if number:
            number = await self._store(job_id, number, b"", if_match)
            await self._publish(job_id, number, None)
            log.info("correction of the beats taken back", job_id=job_id, number=number)

    async def _require_beats(self, job_id: str, request: Request, owner: str | None) -> None:
        """Raise Problem 404 or 409 unless the beats have been found."""
        await self._quota.check_rate(request, owner)
        document = await self._status_client.document(job_id, owner)
        if document.error_code == "cancelled" or await self._storage.manifest(job_id) is None:
            raise no_such_result()
        state = document.beat_analysis.status
        if state != "completed":
            later = {"Retry-After": str(RETRY_AFTER_SECONDS)} if state in ("queued", "processing") else None
            raise Problem(409, "beats_not_ready", "The beats of this song have not been found.", later)

    async def _check(self, job_id: str, request: Request, if_match: str | None) -> None:
        """Raise Problem 412 unless the present beats have an ETag in `if_match`."""
        if if_match is not None:
            current = await self._files.find(job_id, names.BEATS, caller_of(request, None))
            if current is None or not etag_matches(if_match, current.head.etag):
                raise _conflict()

    async def _store(self, job_id: str, number: int, content: bytes, if_match: str | None) -> int:
        """Store a correction under the first free number after `number`, and delete old ones.

        Concurrent requests, at any gateway, get different numbers. With `if_match` only one of them is accepted: raises
        Problem 412 for the others.
        """
        with on_a_full_disk():
            while not await self._storage.claim(f"{job_id}/{corrected_beats(number := number + 1)}", content):
                if if_match is not None:
                    raise _conflict()
        if await self._storage.delete_leftovers(job_id):
            raise no_such_result()
        for name in await self._storage.sizes(job_id):
            if (match := names.CORRECTED.fullmatch(name)) and int(match[1]) <= number - KEPT:
                await self._storage.delete(f"{job_id}/{name}")
        return number

    async def _publish(self, job_id: str, number: int, rhythm: CountedRhythm | None) -> None:
        event = RhythmCorrected(job_id=job_id, at=datetime.now(UTC), number=number, rhythm=rhythm)
        await self._bus.publish(event, within=PUBLISH_SECONDS)


def _corrected(heard: bytes, correction: BeatCorrection) -> tuple[bytes, CountedRhythm]:
    """Return the content of `beats.json`, and what the job's document shows of it. Raises PermanentError."""
    document = recounted(json.loads(heard), correction)
    return json.dumps(document, indent=1).encode(), counted(document)


def _conflict() -> Problem:
    return Problem(412, "beats_changed", "The beats have changed meanwhile. Get them again, then correct them.")


async def _correction(request: Request, limits: Settings) -> BeatCorrection:
    """Return the body. Raises Problem: 400 if incomplete, 408 if too slow, 413, 415 and 422 if not valid."""
    if parse_content_type(request.headers.get("content-type", ""))[0] != "application/json":
        raise Problem(415, "not_json", "Send the correction as application/json.", CLOSE)
    try:
        return BeatCorrection.model_validate_json(await short_body(request, limits, MAX_BYTES))
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Problem(422, "invalid_request", found) from error


def routes(corrections: BeatCorrections, settings: Settings, keys: Keys) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["jobs"])

    @router.put(
        "/jobs/{job_id}/beats",
        openapi_extra=BODY,
        response_model=dict[str, Any],
        responses=PROBLEMS
        | problems(
            _400="The body ended early.",
            _408="The upload was too slow.",
            _413="The body is too large.",
            _415="The body is not application/json.",
            _422="There is no such beat, or the tempo would be out of range.",
            _507="The storage is full. Try again later.",
        ),
    )
    async def put(
        job_id: str,
        request: Request,
        owner: Annotated[str | None, Depends(keys.owner)],
        if_match: IfMatch = None,
    ) -> Response:
        """Count the beats differently, immediately. Always starts from the beats as heard; returns `beats.json`."""
        return await corrections.put(job_id, request, owner, await _correction(request, settings), if_match)

    @router.delete("/jobs/{job_id}/beats", status_code=204, responses=PROBLEMS)
    async def delete(
        job_id: str,
        request: Request,
        owner: Annotated[str | None, Depends(keys.owner)],
        if_match: IfMatch = None,
    ) -> None:
        """Take all corrections of the beats back. May be repeated."""
        await corrections.delete(job_id, request, owner, if_match)

    return router
