"""`PUT /api/jobs/<job_id>/lyrics`: the words as they are known, aligned to a song that is there."""

from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Request
from starlette.requests import ClientDisconnect

from services.gateway.jobs.retry import retry_tasks
from services.gateway.jobs.submit import Accepted
from services.gateway.jobs.upload import CLOSE, paced, validated_lyrics
from services.gateway.security.auth import Keys
from services.gateway.security.quota import Quota
from services.gateway.settings import Settings
from services.gateway.status.client import StatusClient
from shared.broker.bus import Bus
from shared.document import JobDocument
from shared.errors import on_a_full_disk
from shared.events import JobSubmitted, Task
from shared.storage.job_files import LYRICS, Storage, audio_file
from shared.user_lyrics import MAX_CHARACTERS
from shared.web.problem import Problem, problems

log = structlog.get_logger()

MAX_BYTES: Final = 5 * MAX_CHARACTERS
"""No character of UTF-8 takes more than four, and lines may end with two."""
WAIT_SECONDS: Final = 5

BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"text/plain": {"schema": {"type": "string", "maxLength": MAX_CHARACTERS}}},
    }
}


class UserLyrics:
    def __init__(self, bus: Bus, storage: Storage, jobs: StatusClient, quota: Quota, settings: Settings) -> None:
        self._bus = bus
        self._storage = storage
        self._jobs = jobs
        self._quota = quota
        self._settings = settings

    async def put(self, job_id: str, request: Request, owner: str | None) -> None:
        """Where the broker does not confirm, the words stay: the next try, or a retry of the job, is to use them.

        Raises Problem and TransientError.
        """
        await self._quota.check_rate(request, owner)
        with self._quota.uploading(request, owner):
            await self._alignable(await self._jobs.document(job_id, owner))
            words = validated_lyrics(await _text(request, self._settings))
        await self._quota.check_unfinished(owner)
        document = await self._jobs.document(job_id, owner)  # the words may have taken their time to come
        submission = await self._alignable(document)
        with on_a_full_disk():
            await self._storage.put(f"{job_id}/{LYRICS}", words.encode())
        await retry_tasks(self._bus, self._storage, submission, document, (Task.TRANSCRIPTION,))
        log.info("lyrics given", job_id=job_id, characters=len(words))

    async def _alignable(self, document: JobDocument) -> JobSubmitted:
        """Raises Problem 409 unless the job's words can be aligned now."""
        submission = await self._storage.manifest(document.job_id)
        if submission is None or document.error_code == "cancelled":
            raise Problem(
                409, "job_over", "The job was cancelled, or its files have been removed. Submit the song again."
            )
        asked = submission.options
        if Task.TRANSCRIPTION not in asked.tasks:
            raise Problem(
                409, "no_transcription", "This job has no transcription. Submit the song again with that task."
            )
        state = document.transcription.status
        if state == "skipped":
            raise Problem(409, "lyrics_not_ready", "The vocals were not separated. Run the job again first.")
        audio = await self._storage.head(f"{document.job_id}/{audio_file(Task.TRANSCRIPTION, asked)}")
        if state not in ("completed", "failed") or audio is None:
            raise Problem(
                409,
                "lyrics_not_ready",
                "The transcription has not ended yet. Send the lyrics when it has.",
                {"Retry-After": str(WAIT_SECONDS)},
            )
        return submission


async def _text(request: Request, limits: Settings) -> bytes:
    """Raises Problem: 400 for a body that ends early, 408 that comes too slowly, 413 too large, 415 that is no text."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/plain":
        raise Problem(415, "not_text", "Send the lyrics as text/plain, in UTF-8.", CLOSE)
    text = bytearray()
    try:
        async for chunk in paced(request, limits):
            text += chunk
            if len(text) > MAX_BYTES:
                raise Problem(413, "too_large", f"The lyrics are larger than {MAX_BYTES / 1000:.0f} kB.", CLOSE)
    except ClientDisconnect as error:
        raise Problem(400, "incomplete_upload", "The lyrics ended before all of them had come.") from error
    return bytes(text)


def routes(lyrics: UserLyrics, keys: Keys) -> APIRouter:
    router = APIRouter(tags=["jobs"])

    @router.put(
        "/api/jobs/{job_id}/lyrics",
        status_code=202,
        openapi_extra=BODY,
        responses=problems(
            _400="The body ended early.",
            _404="No such job.",
            _408="The body came too slowly.",
            _409="The job is over, has no transcription, or its transcription has not ended yet.",
            _413="The body is too large.",
            _415="The body is not text/plain.",
            _422=f"Not UTF-8, without a word that is sung, or longer than {MAX_CHARACTERS} characters.",
            _429="Too many requests in this minute, or too many jobs under way.",
            _503="The broker is away. Try again.",
            _507="No disk is left. Try again later.",
        ),
    )
    async def put(job_id: str, request: Request, owner: Annotated[str | None, Depends(keys.owner)]) -> Accepted:
        """Takes the words of a song, line by line. Its transcription runs again, and they replace what was heard."""
        await lyrics.put(job_id, request, owner)
        return Accepted(job_id=job_id)

    return router
