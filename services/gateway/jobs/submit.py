"""`POST /api/process`: turn an upload into a job. The job is accepted once the broker has confirmed it."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final
from uuid import UUID, uuid4, uuid5
from weakref import WeakValueDictionary

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.gateway.jobs.form import FORM, KEY_LENGTH
from services.gateway.jobs.upload import receive
from services.gateway.media.decode import decode
from services.gateway.security.auth import Keys
from services.gateway.security.callback_url import validated_callback
from services.gateway.security.quota import Caller, Quota, caller_of
from services.gateway.settings import PUBLISH_SECONDS, Settings
from services.gateway.status.client import StatusClient
from shared.broker.bus import Bus
from shared.errors import StorageUnavailableError, TransientError, on_a_full_disk
from shared.events import JobSubmitted, Song
from shared.job import ready
from shared.lyrics.tags import Tags
from shared.storage.job_files import LYRICS, SONG, TAGS, Storage
from shared.telemetry.metrics import UPLOAD_SECONDS, UPLOADS, initialize_labels
from shared.web.connection import while_connected
from shared.web.problem import Problem, problems

log = structlog.get_logger()

JOB_ID_NAMESPACE: Final = UUID("5c1d6d27-9a3e-4f0c-8f43-2f5a64d1b7ce")
"""Namespace of job ids that are derived from idempotency keys, the same at all gateways. Callers are sub-namespaces."""

SERVER_CODES: Final = (
    "broker_unavailable",
    "status_unavailable",
    "storage_unavailable",
    "storage_full",
    "internal_error",
)
"""Codes of refusals that the upload did not cause."""


class Accepted(BaseModel):
    job_id: str


class Submissions:
    def __init__(
        self, bus: Bus, storage: Storage, status_client: StatusClient, quota: Quota, settings: Settings
    ) -> None:
        self._bus = bus
        self._storage = storage
        self._status_client = status_client
        self._quota = quota
        self._settings = settings
        self._storing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def submit(self, request: Request, owner: str | None) -> str:
        """Return the id of an accepted job: a new one, or the existing one of the request's idempotency key.

        Raises Problem and TransientError.
        """
        await self._quota.check_rate(request, owner)
        key = _idempotency_key(request)
        job_id = str(_derived_id(key, caller_of(request, owner)) if key else uuid4())
        with structlog.contextvars.bound_contextvars(job_id=job_id), self._quota.uploading(request, owner):
            if not (key and await self._is_submitted(job_id)):
                await self._quota.check_usage(request, owner)
                await self._create(job_id, request, owner, keyed=key is not None)
        return job_id

    async def _is_submitted(self, job_id: str) -> bool:
        """Return whether the job was submitted before. Publishes it if a gateway stored it and then failed."""
        submission = await self._storage.signed_manifest(job_id)  # publishing signs it
        has_document = (await self._status_client.read(job_id, None)).status == HTTPStatus.OK
        if submission is None:
            return has_document  # a cancelled job has no files, but keeps its id
        if not has_document:
            raise TransientError("The job of this Idempotency-Key has expired and is being deleted", code="expiring")
        if not await self._storage.is_announced(job_id):
            await self._announce(submission)
        return True

    async def _create(self, job_id: str, request: Request, owner: str | None, *, keyed: bool) -> None:
        limits = self._settings
        with on_a_full_disk(), TemporaryDirectory(prefix="upload-") as folder:
            file, song = Path(folder, "upload"), Path(folder, SONG)
            upload = await receive(request, file, limits)
            callback_url = await validated_callback(upload.callback_url, limits)
            decoding = decode(file, song, limits.min_seconds, limits.max_seconds, caller_of(request, owner))
            seconds, facts, tags = await while_connected(request, decoding)
            submission = JobSubmitted(
                job_id=job_id,
                at=datetime.now(UTC),
                song=Song(name=upload.name, file_size=upload.file_size, audio_duration=round(seconds, 3), audio=facts),
                options=upload.options,
                owner=owner,
                callback_url=callback_url,
                caller=self._quota.caller_hash(request, owner),
            )
            async with self._storing.setdefault(job_id, asyncio.Lock()):
                if keyed and await self._is_submitted(job_id):
                    return
                async with self._quota.reserved(request, owner, submission):  # others may be accepted meanwhile
                    await self._store(submission, song, upload.lyrics, tags, keyed=keyed)
        log.info(
            "job accepted", **submission.song.model_dump(exclude={"name"}), **submission.options.model_dump(mode="json")
        )

    async def _store(
        self, submission: JobSubmitted, song: Path, lyrics: str | None, tags: Tags | None, *, keyed: bool
    ) -> None:
        """Store the job's files and publish it. After an error, delete the files, except with an idempotency key.

        The broker may have the job although it did not confirm; with a key, the client will repeat its request. The
        files may also belong to a request with the same key at another gateway.
        """
        job_id = submission.job_id
        try:
            await self._storage.put(f"{job_id}/{SONG}", song)
            if lyrics:
                await self._storage.put(f"{job_id}/{LYRICS}", lyrics.encode())
            if tags:
                await self._storage.put(f"{job_id}/{TAGS}", tags.model_dump_json().encode())
            await self._storage.put_manifest(submission)
            await self._announce(submission)
        except BaseException:
            with suppress(StorageUnavailableError):  # the sweep for orphans deletes what stays
                if not (keyed and await self._storage.manifest(job_id)):
                    await self._storage.delete_job(job_id)
            raise

    async def _announce(self, submission: JobSubmitted) -> None:
        await self._bus.publish(submission, ready(submission, submission), within=PUBLISH_SECONDS)
        try:
            await self._storage.mark_announced(submission.job_id)
        except StorageUnavailableError as error:  # the broker has the job: refusing it now would make a second one
            log.warning("job not marked as announced", error=str(error))


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key") or None
    if key and len(key) > KEY_LENGTH:
        raise Problem(422, "invalid_idempotency_key", f"An Idempotency-Key has at most {KEY_LENGTH} characters.")
    return key


def _derived_id(key: str, caller: Caller) -> UUID:
    """Return the id of the caller's job with this idempotency key. Without API keys, callers differ by address."""
    kind, name = caller
    return uuid5(uuid5(JOB_ID_NAMESPACE, name if kind == "key" else f"{kind} {name}"), key)  # no owner has a space


def routes(submissions: Submissions, keys: Keys) -> APIRouter:
    router = APIRouter(tags=["jobs"])
    initialize_labels(UPLOADS, ("accepted",), *((code,) for code in SERVER_CODES))

    @router.post(
        "/api/process",
        status_code=202,
        openapi_extra=FORM,
        response_model=Accepted,
        responses=problems(
            _400="The upload ended early.",
            _408="The upload was too slow.",
            _413="The file is too large.",
            _415="The body is not a form, or the file is not audio.",
            _422="The file is missing, empty, corrupt, too short or too long, or a field is not valid.",
            _429="Too many requests, unfinished jobs, minutes or stored bytes. Try again after `Retry-After` seconds.",
            _503="The broker or the storage is unavailable. Try again.",
            _507="The storage is full. Try again later.",
        ),
    )
    async def process(request: Request, owner: Annotated[str | None, Depends(keys.owner)]) -> JSONResponse:
        """Upload a song and start a job. After the 202, the job is never lost: the broker has confirmed it."""
        with UPLOAD_SECONDS.time():
            try:
                job_id = await submissions.submit(request, owner)
            except (Problem, TransientError) as error:
                UPLOADS.labels(error.code).inc()
                log.info("upload refused", code=error.code)
                raise
            except Exception:
                UPLOADS.labels("internal_error").inc()
                raise
        UPLOADS.labels("accepted").inc()
        return JSONResponse({"job_id": job_id}, 202, {"Location": f"/api/status/{job_id}"})

    return router
