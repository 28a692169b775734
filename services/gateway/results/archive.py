"""`GET /api/jobs/<job_id>/download.zip`: a job's files in one, made while it is sent."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from stat import S_IFREG
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from stream_zip import ZIP_AUTO, AsyncMemberFile, async_stream_zip

from services.gateway.media.encode import Encodings
from services.gateway.results import names
from services.gateway.results.ranges import attachment
from shared.events import JOB_ID, AudioFormat, JobSubmitted
from shared.storage.job_files import Storage
from shared.view import slug
from shared.web.problem import Problem, no_such_result, problems

CHUNK_BYTES: Final = 1 << 18
MODE: Final = S_IFREG | 0o644
STORED, DEFLATE = 0, 6
"""Levels of compression: audio is compressed already, or would take long and gain little."""


class ZipArchives:
    def __init__(self, storage: Storage, encodings: Encodings) -> None:
        self._storage = storage
        self._encodings = encodings

    async def submission(self, job_id: str) -> JobSubmitted:
        """Raises Problem 404."""
        submission = await self._storage.manifest(job_id) if re.fullmatch(JOB_ID, job_id) else None
        if submission is None:
            raise no_such_result()
        return submission

    async def contents(self, submission: JobSubmitted, form: str | None) -> list[str]:
        """Names of what there is; stems in the format asked for, or as they were made.

        Raises Problem 409 while there is nothing.
        """
        there, made = await self._storage.sizes(submission.job_id), submission.options.format
        stems = [f"{stem}.{form or made}" for stem in names.STEMS if f"{stem}.{made}" in there]
        lyrics = [f"lyrics.{form}" for form in names.LYRICS_FORMATS]
        chosen = [*stems, *(name for name in (*lyrics, names.BEATS, f"{names.CLICK}.flac") if name in there)]
        if not chosen:
            raise Problem(409, "nothing_yet", "Nothing of this job is done yet. Try again later.", {"Retry-After": "3"})
        return chosen

    async def stream(self, submission: JobSubmitted, contents: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """Leaves no file open, also when its reader goes away: stream-zip itself would, until memory is swept.

        What has yet to be encoded is, when its turn comes.
        """
        reading = _Reading(self._storage)
        try:
            members = self._members(submission, contents, reading)
            async for chunk in async_stream_zip(members, chunk_size=CHUNK_BYTES):
                yield chunk
        finally:
            await reading.end()

    async def _members(
        self, submission: JobSubmitted, contents: Sequence[str], reading: "_Reading"
    ) -> AsyncIterator[AsyncMemberFile]:
        """Raises Problem 404 when the job is over meanwhile, which ends the file too early rather than whole."""
        song, at = slug(submission.song.name), submission.at.replace(tzinfo=None)
        for name in contents:
            head = await self._encodings.head(submission.job_id, name)
            if head is None:
                raise no_such_result()
            is_audio = name.rpartition(".")[2] in names.AUDIO_FORMATS
            method = ZIP_AUTO(head.size, level=STORED if is_audio else DEFLATE)
            content = reading.content(f"{submission.job_id}/{name}", head.size)
            yield f"{song}/{song}_{name}", at, MODE, method, content


class _Reading:
    """What is read for one ZIP file, by another thread's asking."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._contents: list[AsyncGenerator[bytes, None]] = []
        self._ended = False

    def content(self, key: str, size: int) -> AsyncIterator[bytes]:
        self._contents.append(self._read(key, size))
        return self._contents[-1]

    async def end(self) -> None:
        self._ended = True
        for content in self._contents:
            with suppress(RuntimeError):  # it waits for a chunk right now, and ends when that is there
                await content.aclose()

    async def _read(self, key: str, size: int) -> AsyncGenerator[bytes, None]:
        if size:
            async with aclosing(self._storage.read(key, 0, size)) as chunks:
                async for chunk in chunks:
                    if self._ended:
                        return
                    yield chunk


def routes(archives: ZipArchives) -> APIRouter:
    router = APIRouter(tags=["results"])

    @router.head("/api/jobs/{job_id}/download.zip", include_in_schema=False)
    @router.get(
        "/api/jobs/{job_id}/download.zip",
        response_class=StreamingResponse,
        responses=problems(
            _404="No such job, or it has expired.",
            _409="Nothing of the job is done yet.",
            _422="There is no such format.",
        ),
    )
    async def download(job_id: str, request: Request, format: AudioFormat | None = None) -> Response:  # noqa: A002 -- the parameter's name
        """Everything that is there in one ZIP file: stems (as they were made, or in `format`), lyrics, beats, click."""
        submission = await archives.submission(job_id)
        contents = await archives.contents(submission, format)
        headers = {"Content-Disposition": attachment(f"{slug(submission.song.name)}_karaoke.zip")}
        if request.method == "HEAD":
            return Response(headers=headers, media_type="application/zip")
        return StreamingResponse(archives.stream(submission, contents), headers=headers, media_type="application/zip")

    return router
