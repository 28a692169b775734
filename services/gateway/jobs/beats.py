"""`PUT /api/jobs/<job_id>/beats`: count the beats of a song differently, without analysing it again."""

import asyncio
import json
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from services.gateway.jobs.corrections import (
    UPLOAD_PROBLEMS,
    Correctable,
    Corrections,
    IfMatch,
    Made,
    correction_problems,
    json_body,
)
from services.gateway.jobs.recount import BeatCorrection, counted, recounted
from services.gateway.jobs.upload import CLOSE, parse_content_type, short_body
from services.gateway.results import names
from services.gateway.results.current import Current
from services.gateway.security.auth import Keys
from services.gateway.security.quota import Quota
from services.gateway.settings import Settings
from shared.errors import PermanentError
from shared.events import CountedRhythm, JobSubmitted, RhythmCorrected
from shared.storage.job_files import Storage, corrected
from shared.tasks import Task
from shared.web.problem import Problem, problems

log = structlog.get_logger()

MAX_BYTES: Final = 1000

PROBLEMS: Final = correction_problems("beats")
RESULT: Final[Correctable[CountedRhythm]] = Correctable(
    names.BEATS,
    Task.BEAT_ANALYSIS,
    lambda job_id, at, number, rhythm: RhythmCorrected(job_id=job_id, at=at, number=number, rhythm=rhythm),
)


class BeatCorrections:
    """Makes every correction from the beats as they were heard."""

    def __init__(self, storage: Storage, quota: Quota, corrections: Corrections[CountedRhythm]) -> None:
        self._storage = storage
        self._quota = quota
        self._corrections = corrections

    async def put(
        self, job_id: str, request: Request, owner: str | None, correction: BeatCorrection, if_match: str | None
    ) -> Response:
        """Apply a correction, and return the new `beats.json` with its ETag. Raises Problem and TransientError."""

        async def correct(_: JobSubmitted, __: Current) -> Made[CountedRhythm]:
            heard = await self._storage.get(f"{job_id}/{names.BEATS}")
            try:
                return await asyncio.to_thread(_corrected, heard, correction)
            except PermanentError as error:
                raise Problem(409 if error.code == "no_beats" else 422, error.code, f"{error.summary}.") from error

        await self._quota.check_rate(request, owner)
        number, content = await self._corrections.put(job_id, request, owner, if_match, correct)
        log.info("beats corrected", job_id=job_id, number=number, **correction.model_dump())
        head = await self._storage.head(f"{job_id}/{corrected(names.BEATS, number)}")
        return Response(content, media_type="application/json", headers={"ETag": head.etag} if head else {})


def _corrected(heard: bytes, correction: BeatCorrection) -> Made[CountedRhythm]:
    """Return the corrected `beats.json`. Raises PermanentError."""
    document = recounted(json.loads(heard), correction)
    return Made(json.dumps(document, indent=1).encode(), counted(document))


async def _correction(request: Request, limits: Settings) -> BeatCorrection:
    """Return the body. Raises Problem: 400 if incomplete, 408 if too slow, 413, 415 and 422 if not valid."""
    if parse_content_type(request.headers.get("content-type", ""))[0] != "application/json":
        raise Problem(415, "not_json", "Send the correction as application/json.", CLOSE)
    try:
        return BeatCorrection.model_validate_json(await short_body(request, limits, MAX_BYTES))
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Problem(422, "invalid_request", found) from error


def routes(
    beats: BeatCorrections, corrections: Corrections[CountedRhythm], settings: Settings, keys: Keys
) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["jobs"])

    @router.put(
        "/jobs/{job_id}/beats",
        openapi_extra=json_body(BeatCorrection),
        response_model=dict[str, Any],
        responses=PROBLEMS
        | UPLOAD_PROBLEMS
        | problems(_422="There is no such beat, or the tempo would be out of range."),
    )
    async def put(
        job_id: str,
        request: Request,
        owner: Annotated[str | None, Depends(keys.owner)],
        if_match: IfMatch = None,
    ) -> Response:
        """Count the beats differently, immediately. Always starts from the beats as heard; returns `beats.json`."""
        return await beats.put(job_id, request, owner, await _correction(request, settings), if_match)

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
