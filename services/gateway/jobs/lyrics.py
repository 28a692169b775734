"""`PUT /api/jobs/<job_id>/lyrics`: align lyrics supplied by the user to the song of an existing job."""

from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Request

from services.gateway.jobs.corrections import Corrections
from services.gateway.jobs.retry import retry_tasks
from services.gateway.jobs.submit import Accepted
from services.gateway.jobs.upload import CLOSE, parse_content_type, short_body, validated_lyrics
from services.gateway.security.auth import Keys
from services.gateway.security.quota import Quota
from services.gateway.settings import Settings
from services.gateway.status.client import StatusClient
from shared.broker.bus import Bus
from shared.document import JobDocument
from shared.errors import on_a_full_disk
from shared.events import CorrectedLyrics, JobSubmitted
from shared.storage.job_files import LYRICS, Storage, audio_file
from shared.tasks import Task
from shared.user_lyrics.text import MAX_BYTES, MAX_CHARACTERS
from shared.web.problem import Problem, problems

log = structlog.get_logger()

RETRY_AFTER_SECONDS: Final = 5

BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"text/plain": {"schema": {"type": "string", "maxLength": MAX_CHARACTERS}}},
    }
}


class UserLyrics:
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

    async def put(self, job_id: str, request: Request, owner: str | None) -> None:
        """Store the request's lyrics, and run the transcription again with them. Raises Problem and TransientError.

        A correction of the lyrics before is taken back. If the broker does not confirm, the new lyrics stay stored for
        the next request or a retry of the job.
        """
        await self._quota.check_rate(request, owner)
        with self._quota.uploading(request, owner):
            await self._require_alignable(await self._status_client.document(job_id, owner))
            lyrics = await validated_lyrics(*await _text(request, self._settings), unknown_charset=415)
        document = await self._status_client.document(job_id, owner)  # it may have changed during the upload
        submission = await self._require_alignable(document)
        async with self._quota.reserved(request, owner, submission, document.run + 1):
            with on_a_full_disk():
                await self._storage.put(f"{job_id}/{LYRICS}", lyrics.encode())
            await self._corrections.take_back(job_id)
            await retry_tasks(self._bus, self._storage, submission, document, (Task.TRANSCRIPTION,))
        log.info("lyrics received", job_id=job_id, characters=len(lyrics))

    async def _require_alignable(self, document: JobDocument) -> JobSubmitted:
        """Return the job's submission. Raises Problem 409 unless its lyrics can be aligned now."""
        submission = await self._storage.manifest(document.job_id)
        if submission is None or document.error_code == "cancelled":
            raise Problem(
                409, "job_over", "The job was cancelled, or its files have been removed. Submit the song again."
            )
        options = submission.options
        if Task.TRANSCRIPTION not in options.tasks:
            raise Problem(
                409, "no_transcription", "This job has no transcription. Submit the song again with that task."
            )
        state = document.transcription.status
        if state == "skipped":
            raise Problem(409, "lyrics_not_ready", "The vocals were not separated. Run the job again first.")
        audio = await self._storage.head(f"{document.job_id}/{audio_file(Task.TRANSCRIPTION, options)}")
        if state not in ("completed", "failed") or audio is None:
            raise Problem(
                409,
                "lyrics_not_ready",
                "The transcription has not ended yet. Send the lyrics when it has.",
                {"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        return submission


async def _text(request: Request, limits: Settings) -> tuple[bytes, str | None]:
    """Return the body and its charset.

    Raises Problem: 400 if incomplete, 408 if too slow, 413 if too large, 415 if not plain text.
    """
    content_type, charset = parse_content_type(request.headers.get("content-type", ""))
    if content_type != "text/plain":
        raise Problem(415, "not_text", "Send the lyrics as text/plain, in UTF-8.", CLOSE)
    return await short_body(request, limits, MAX_BYTES), charset


def routes(lyrics: UserLyrics, keys: Keys) -> APIRouter:
    router = APIRouter(tags=["jobs"])

    @router.put(
        "/api/jobs/{job_id}/lyrics",
        status_code=202,
        openapi_extra=BODY,
        responses=problems(
            _400="The body ended early.",
            _404="No such job.",
            _408="The upload was too slow.",
            _409="The job was cancelled or has expired, has no transcription, or its transcription has not ended yet.",
            _413="The body is too large.",
            _415="The body is not text/plain, or its charset is unknown.",
            _422=f"The lyrics cannot be decoded, have no words, or are longer than {MAX_CHARACTERS} characters.",
            _429="Too many requests in this minute, unfinished jobs or minutes of audio today.",
            _503="The broker is unavailable. Try again.",
            _507="The storage is full. Try again later.",
        ),
    )
    async def put(job_id: str, request: Request, owner: Annotated[str | None, Depends(keys.owner)]) -> Accepted:
        """Replace the recognized words by your own lyrics, line by line. The transcription runs again."""
        await lyrics.put(job_id, request, owner)
        return Accepted(job_id=job_id)

    return router
