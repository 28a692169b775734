"""`PUT /api/jobs/<job_id>/lyrics.json`: correct words and their times, without transcribing the song again."""

import json
from contextlib import suppress
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, Request, Response

from services.gateway.jobs.corrections import (
    UPLOAD_PROBLEMS,
    Correctable,
    Corrections,
    IfMatch,
    Made,
    correction_problems,
    json_body,
)
from services.gateway.jobs.rewording import MAX_BYTES, EditedLyrics, parse, reworded
from services.gateway.jobs.upload import CLOSE, in_lyrics_thread, parse_content_type, short_body
from services.gateway.results import names
from services.gateway.results.current import Current, CurrentFiles
from services.gateway.security.auth import Keys
from services.gateway.security.quota import Quota, caller_of
from services.gateway.settings import Settings
from shared.errors import PermanentError
from shared.events import CorrectedLyrics, JobSubmitted, LyricsCorrected
from shared.lyrics.document import encode, shown
from shared.storage.job_files import Storage
from shared.storage.objects import MISSING
from shared.tasks import Task
from shared.web.problem import Problem, problems

log = structlog.get_logger()

PROBLEMS: Final = correction_problems("lyrics")
RESULT: Final[Correctable[CorrectedLyrics]] = Correctable(
    names.LYRICS,
    Task.TRANSCRIPTION,
    lambda job_id, at, number, lyrics: LyricsCorrected(job_id=job_id, at=at, number=number, lyrics=lyrics),
)


class LyricsCorrections:
    """Replaces all lines by those that a user sends."""

    def __init__(
        self,
        storage: Storage,
        quota: Quota,
        settings: Settings,
        files: CurrentFiles,
        corrections: Corrections[CorrectedLyrics],
    ) -> None:
        self._storage = storage
        self._quota = quota
        self._settings = settings
        self._files = files
        self._corrections = corrections

    async def put(self, job_id: str, request: Request, owner: str | None, if_match: str | None) -> Response:
        """Store the lyrics, and return the new `lyrics.json` with its ETag. Raises Problem and TransientError."""
        await self._quota.check_rate(request, owner)
        await self._corrections.require(job_id, owner)
        with self._quota.uploading(request, owner):
            require_json(request)
            body = await short_body(request, self._settings, MAX_BYTES)

        async def correct(submission: JobSubmitted, present: Current) -> Made[CorrectedLyrics]:
            found = await self._storage.get(f"{job_id}/{names.LYRICS}")
            edited = await self._storage.get(f"{job_id}/{present.name}")
            try:
                return await in_lyrics_thread(_corrected, body, found, edited, submission.song.audio_duration)
            except PermanentError as error:
                raise Problem(422, error.code, f"{error.summary}.") from error

        number, content = await self._corrections.put(job_id, request, owner, if_match, correct)
        log.info("lyrics corrected", job_id=job_id, number=number)
        placed = await self._files.correction(job_id, number, caller_of(request, None))
        with suppress(*MISSING):
            if placed:
                content = await self._storage.get(f"{job_id}/{placed.name}")
                return Response(content, media_type="application/json", headers={"ETag": placed.head.etag})
        return Response(content, media_type="application/json")  # later corrections have replaced it already


def require_json(request: Request) -> None:
    """Raise Problem 415 unless the body is JSON."""
    if parse_content_type(request.headers.get("content-type", ""))[0] != "application/json":
        raise Problem(415, "not_json", "Send the lyrics as application/json.", CLOSE)


def _corrected(body: bytes, found: bytes, present: bytes, duration: float) -> Made[CorrectedLyrics]:
    """Return the corrected `lyrics.json`. Raises PermanentError."""
    document = reworded(json.loads(found), json.loads(present), parse(body), duration)
    return Made(encode(document).encode(), shown(document))


def routes(lyrics: LyricsCorrections, corrections: Corrections[CorrectedLyrics], keys: Keys) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["jobs"])

    @router.put(
        "/jobs/{job_id}/lyrics.json",
        openapi_extra=json_body(EditedLyrics),
        response_model=dict[str, Any],
        responses=PROBLEMS | UPLOAD_PROBLEMS | problems(_422="A line or word is not valid. `detail` names its place."),
    )
    async def put(
        job_id: str,
        request: Request,
        owner: Annotated[str | None, Depends(keys.owner)],
        if_match: IfMatch = None,
    ) -> Response:
        """Replace lines, words and their times, immediately. Returns the new `lyrics.json`."""
        return await lyrics.put(job_id, request, owner, if_match)

    @router.delete("/jobs/{job_id}/lyrics.json", status_code=204, responses=PROBLEMS)
    async def delete(
        job_id: str,
        request: Request,
        owner: Annotated[str | None, Depends(keys.owner)],
        if_match: IfMatch = None,
    ) -> None:
        """Take all corrections of the lyrics back. May be repeated."""
        await corrections.delete(job_id, request, owner, if_match)

    return router
