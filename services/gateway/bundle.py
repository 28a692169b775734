"""`GET /api/jobs/<job_id>/download.zip`: a job's files in one, made while it is sent."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from stat import S_IFREG
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from stream_zip import ZIP_AUTO, AsyncMemberFile, async_stream_zip

from services.gateway import names
from services.gateway.encode import Encodings
from services.gateway.serve import attachment, no_such_result
from shared.events import JOB_ID, AudioFormat, JobSubmitted
from shared.problem import Problem, problems
from shared.storage import Storage
from shared.view import slug

CHUNK_BYTES: Final = 1 << 18
MODE: Final = S_IFREG | 0o644
STORED, SQUEEZED = 0, 6
"""Levels of compression: audio is compressed already, or would take long and gain little."""


class Bundles:
    def __init__(self, storage: Storage, encodings: Encodings) -> None:
        self._storage = storage
        self._encodings = encodings

    async def submission(self, job_id: str) -> JobSubmitted:
        """Raises Problem 404."""
        submission = await self._storage.manifest(job_id) if re.fullmatch(JOB_ID, job_id) else None
        if submission is None:
            raise no_such_result()
        return submission

    async def contents(self, submission: JobSubmitted, form: str | None) -> dict[str, int]:
        """Sizes in bytes by name of what there is; stems in the format asked for, or as they were made.

        Raises Problem 409 while there is nothing.
        """
        job_id, wanted = submission.job_id, form or submission.options.format
        there = await self._storage.sizes(job_id)
        if form and any(f"{stem}.{submission.options.format}" in there for stem in names.STEMS):
            for stem in names.STEMS:
                await self._encodings.head(job_id, f"{stem}.{form}")
            there = await self._storage.sizes(job_id)
        stems = [f"{stem}.{wanted}" for stem in names.STEMS]
        lyrics = [f"lyrics.{form}" for form in names.LYRICS_FORMATS]
        chosen = [*stems, *lyrics, names.BEATS, f"{names.CLICK}.flac"]
        sizes = {name: there[name] for name in chosen if name in there}
        if not sizes:
            raise Problem(409, "nothing_yet", "Nothing of this job is done yet. Try again later.", {"Retry-After": "3"})
        return sizes

    async def stream(self, submission: JobSubmitted, sizes: Mapping[str, int]) -> AsyncGenerator[bytes, None]:
        """Leaves no file open, also when its reader goes away: stream-zip itself would, until memory is swept."""
        reading = _Reading(self._storage)
        try:
            async for chunk in async_stream_zip(_members(submission, sizes, reading), chunk_size=CHUNK_BYTES):
                yield chunk
        finally:
            await reading.end()


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


async def _members(
    submission: JobSubmitted, sizes: Mapping[str, int], reading: _Reading
) -> AsyncIterator[AsyncMemberFile]:
    song, at = slug(submission.song.name), submission.at.replace(tzinfo=None)
    for name, size in sizes.items():
        is_audio = name.rpartition(".")[2] in names.AUDIO_FORMATS
        method = ZIP_AUTO(size, level=STORED if is_audio else SQUEEZED)
        yield f"{song}/{song}_{name}", at, MODE, method, reading.content(f"{submission.job_id}/{name}", size)


def routes(bundles: Bundles) -> APIRouter:
    router = APIRouter(tags=["results"])

    @router.head("/api/jobs/{job_id}/download.zip", include_in_schema=False)
    @router.get(
        "/api/jobs/{job_id}/download.zip",
        response_class=StreamingResponse,
        responses=problems(
            _404="No such job, or it has expired.",
            _409="Nothing of the job is done yet.",
            _422="There is no such format.",
            _503="Too many files are being encoded. Try again after `Retry-After` seconds.",
            _507="No disk is left for encoded files. Try again later.",
        ),
    )
    async def download(job_id: str, request: Request, format: AudioFormat | None = None) -> Response:  # noqa: A002 -- the parameter's name
        """Everything that is there in one ZIP file: stems (as they were made, or in `format`), lyrics, beats, click."""
        submission = await bundles.submission(job_id)
        sizes = await bundles.contents(submission, format if request.method == "GET" else None)
        headers = {"Content-Disposition": attachment(f"{slug(submission.song.name)}_karaoke.zip")}
        if request.method == "HEAD":
            return Response(headers=headers, media_type="application/zip")
        return StreamingResponse(bundles.stream(submission, sizes), headers=headers, media_type="application/zip")

    return router
