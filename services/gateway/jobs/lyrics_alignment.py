"""`POST /api/jobs/<job_id>/lyrics/align`: find the times of some lines again, also with new words.

The request is stored, and the transcriber applies its result like a correction, if the lyrics have not changed by then.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from services.gateway.jobs.corrections import (
    RETRY_AFTER_SECONDS,
    UPLOAD_PROBLEMS,
    Corrections,
    IfMatch,
    correction_problems,
    json_body,
)
from services.gateway.jobs.lyrics_correction import require_json
from services.gateway.jobs.rewording import MAX_WORDS, clean_text
from services.gateway.jobs.upload import in_lyrics_thread, short_body
from services.gateway.results.current import outdated
from services.gateway.security.auth import Keys
from services.gateway.security.quota import Quota
from services.gateway.settings import PUBLISH_SECONDS, Settings
from services.gateway.status.client import StatusClient
from shared.broker.bus import Bus
from shared.document import JobDocument
from shared.errors import PermanentError, on_a_full_disk
from shared.events import AlignmentRequested, CorrectedLyrics, Count, JobSubmitted
from shared.job import ready
from shared.lyrics.alignment import AlignmentRequest
from shared.storage.job_files import Storage, alignment_request
from shared.storage.objects import MISSING
from shared.web.problem import Problem, no_such_result, problems

log = structlog.get_logger()

MAX_BYTES: Final = 100_000
MAX_LINE_CHARACTERS: Final = 1_000
LOST_AFTER: Final = timedelta(hours=1)
"""An alignment that has not ended by then does not keep others from being asked for: its message may be lost."""
REQUEST: Final = re.compile(alignment_request(r"(\d+)").replace(".", r"\."))


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class ReplacedLine(_Strict):
    """A line with new words, separated by spaces."""

    index: Count
    text: str


class LinesToAlign(_Strict):
    """Indices in `lines` of `lyrics.json`, from 0; an object for a line whose words are to be replaced, too."""

    lines: Annotated[list[Count | ReplacedLine], FailFast(), Field(min_length=1, max_length=MAX_WORDS)]


class AlignmentAccepted(BaseModel):
    job_id: str
    number: int = Field(description="Number of the request in `transcription.alignment` of the document.")


class LyricsAlignments:
    def __init__(
        self,
        bus: Bus,
        storage: Storage,
        status_client: StatusClient,
        *,
        quota: Quota,
        settings: Settings,
        corrections: Corrections[CorrectedLyrics],
    ) -> None:
        self._bus = bus
        self._storage = storage
        self._status_client = status_client
        self._quota = quota
        self._settings = settings
        self._corrections = corrections

    async def request(self, job_id: str, request: Request, owner: str | None, if_match: str | None) -> int:
        """Start an alignment, and return its number. Raises Problem and TransientError."""
        await self._quota.check_rate(request, owner)
        await self._corrections.require(job_id, owner)
        with self._quota.uploading(request, owner):
            require_json(request)
            body = await short_body(request, self._settings, MAX_BYTES)
        document = await self._status_client.document(job_id, owner)  # it may have changed during the upload
        _require_no_other(document)
        known = await self._corrections.known(job_id, request, owner, if_match)
        try:
            content = await self._storage.get(f"{job_id}/{known.present.name}")
        except MISSING as error:
            raise no_such_result() from error
        try:
            asked = await in_lyrics_thread(_request, body, content, known.number + 1)
        except PermanentError as error:
            raise Problem(422, error.code, f"{error.summary}.") from error
        number = await self._store(job_id, asked, _last_number(document))
        await self._publish(known.submission, number)
        return number

    async def _store(self, job_id: str, content: bytes, ended: int) -> int:
        """Store a request under a free number after `ended`, that of the latest alignment, and delete what is outdated.

        Requests of alignments that have not ended stay, so that no number is used twice.
        """
        number = ended + 1
        with on_a_full_disk():
            while not await self._storage.claim(f"{job_id}/{alignment_request(number)}", content):
                number += 1
        if await self._storage.delete_leftovers(job_id):
            raise no_such_result()
        existing = await self._storage.sizes(job_id)
        earlier = [name for name in existing if (match := REQUEST.fullmatch(name)) and int(match[1]) <= ended]
        for name in (*earlier, *outdated(existing)):
            await self._storage.delete(f"{job_id}/{name}")
        return number

    async def _publish(self, submission: JobSubmitted, number: int) -> None:
        event = AlignmentRequested(job_id=submission.job_id, at=datetime.now(UTC), number=number)
        await self._bus.publish(event, ready(submission, event), within=PUBLISH_SECONDS)
        log.info("alignment requested", job_id=submission.job_id, number=number)


def _last_number(document: JobDocument) -> int:
    alignment = document.transcription.alignment
    return alignment.number if alignment else 0


def _require_no_other(document: JobDocument) -> None:
    alignment = document.transcription.alignment
    if alignment and alignment.status == "queued" and datetime.now(UTC) - alignment.updated_at < LOST_AFTER:
        raise Problem(
            409,
            "alignment_pending",
            "Lines of this song are being aligned. Ask again when that has ended.",
            {"Retry-After": str(RETRY_AFTER_SECONDS)},
        )


def _request(body: bytes, lyrics: bytes, correction: int) -> bytes:
    """Return the `AlignmentRequest` for a request's body and the present `lyrics.json`. Raises PermanentError."""
    document = json.loads(lyrics)
    lines = _texts(body, len(document["lines"]))
    return AlignmentRequest(correction=correction, lines=lines, document=document).model_dump_json().encode()


def _texts(body: bytes, count: int) -> Mapping[int, str | None]:
    """Return the new texts by line, None for one that stays.

    Raises PermanentError: `invalid_request`, `no_such_line` or `invalid_text`.
    """
    try:
        asked = LinesToAlign.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise PermanentError(f"{place}: {first['msg']}" if place else first["msg"], code="invalid_request") from error
    texts: dict[int, str | None] = {}
    for line in asked.lines:
        index, text = (line.index, line.text) if isinstance(line, ReplacedLine) else (line, None)
        if index >= count:
            raise PermanentError(f"There is no line {index}: the lyrics have {count}, from 0 on", code="no_such_line")
        if index in texts:
            raise PermanentError(f"Line {index} is named twice", code="invalid_request")
        texts[index] = None if text is None else _sung(index, text)
    return texts


def _sung(index: int, text: str) -> str:
    cleaned = clean_text(f"Line {index}", text, MAX_LINE_CHARACTERS)
    if not any(character.isalnum() for character in cleaned):
        raise PermanentError(f"Line {index} has no word that can be sung", code="invalid_text")
    return cleaned


def routes(alignments: LyricsAlignments, keys: Keys) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["jobs"])
    refused: dict[int | str, dict[str, Any]] = problems(
        _409="The lyrics have not been found yet, or lines of them are being aligned.",
        _422="A line does not exist, or its text is not valid.",
    )

    @router.post(
        "/jobs/{job_id}/lyrics/align",
        status_code=202,
        openapi_extra=json_body(LinesToAlign),
        responses=correction_problems("lyrics") | UPLOAD_PROBLEMS | refused,
    )
    async def align(
        job_id: str,
        request: Request,
        owner: Annotated[str | None, Depends(keys.owner)],
        if_match: IfMatch = None,
    ) -> AlignmentAccepted:
        """Find the times of some lines again, with their present words or new ones. Nothing is recognized."""
        return AlignmentAccepted(job_id=job_id, number=await alignments.request(job_id, request, owner, if_match))

    return router
