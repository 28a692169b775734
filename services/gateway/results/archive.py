"""`GET /api/jobs/<job_id>/download.zip`: all results of a job, zipped while they are sent."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from stat import S_IFREG
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from stream_zip import ZIP_AUTO, AsyncMemberFile, async_stream_zip

from services.gateway.file_names import attachment, title
from services.gateway.results import names
from services.gateway.results.current import CurrentFiles
from services.gateway.security.quota import Caller, caller_of
from shared.events import JOB_ID, AudioFormat, JobSubmitted
from shared.storage.job_files import Storage
from shared.web.problem import Problem, no_such_result, problems

CHUNK_BYTES: Final = 1 << 18
MODE: Final = S_IFREG | 0o644
STORED, DEFLATE = 0, 6
"""Compression levels. Audio is stored: it is already compressed, or compression takes long and gains little."""


class ZipArchives:
    def __init__(self, storage: Storage, current: CurrentFiles) -> None:
        self._storage = storage
        self._current = current

    async def submission(self, job_id: str) -> JobSubmitted:
        """Return the job's submission. Raises Problem 404."""
        submission = await self._storage.manifest(job_id) if re.fullmatch(JOB_ID, job_id) else None
        if submission is None:
            raise no_such_result()
        return submission

    async def contents(self, submission: JobSubmitted, form: str | None) -> list[str]:
        """Return the names of the existing results, stems in the format `form` or as they were made.

        Raises Problem 409 if there are none yet.
        """
        existing, made = await self._storage.sizes(submission.job_id), submission.options.format
        stems = [f"{stem}.{form or made}" for stem in names.STEMS if f"{stem}.{made}" in existing]
        others = [name for name in sorted(existing) if re.fullmatch(names.RESULT, name) and not _is_stem(name)]
        click = [name for name in (f"{names.CLICK}.flac",) if name in existing]
        chosen = [*stems, *others, *click]
        if not chosen:
            raise Problem(409, "nothing_yet", "This job has no results yet. Try again later.", {"Retry-After": "3"})
        return chosen

    async def stream(
        self, submission: JobSubmitted, contents: Sequence[str], caller: Caller
    ) -> AsyncGenerator[bytes, None]:
        """Yield the ZIP file. Missing formats are encoded when they are reached.

        Closes all files, also when the client disconnects. stream-zip alone leaves them open until garbage collection.
        """
        files = _OpenFiles(self._storage)
        try:
            members = self._members(submission, contents, caller, files)
            async for chunk in async_stream_zip(members, chunk_size=CHUNK_BYTES):
                yield chunk
        finally:
            await files.close()

    async def _members(
        self, submission: JobSubmitted, contents: Sequence[str], caller: Caller, files: "_OpenFiles"
    ) -> AsyncIterator[AsyncMemberFile]:
        """Yield the files of the ZIP. Raises Problem 404 if the job is deleted meanwhile, which truncates the ZIP."""
        song, at = title(submission.song.name) or "song", submission.at.replace(tzinfo=None)
        for name in contents:
            found = await self._current.find(submission.job_id, name, caller)
            if found is None:
                raise no_such_result()
            is_audio = name.rpartition(".")[2] in names.AUDIO_FORMATS
            method = ZIP_AUTO(found.head.size, level=STORED if is_audio else DEFLATE)
            content = files.read(f"{submission.job_id}/{found.name}", found.head.size)
            yield f"{song}/{song}_{name}", at, MODE, method, content


def _is_stem(name: str) -> bool:
    return name.partition(".")[0] in names.STEMS


class _OpenFiles:
    """Files that stream-zip reads for one ZIP, from another thread."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._streams: list[AsyncGenerator[bytes, None]] = []
        self._closed = False

    def read(self, key: str, size: int) -> AsyncIterator[bytes]:
        self._streams.append(self._chunks(key, size))
        return self._streams[-1]

    async def close(self) -> None:
        self._closed = True
        for stream in self._streams:
            with suppress(RuntimeError):  # it is waiting for a chunk, and ends after it
                await stream.aclose()

    async def _chunks(self, key: str, size: int) -> AsyncGenerator[bytes, None]:
        if size:
            async with aclosing(await self._storage.open(key, 0, size)) as chunks:
                async for chunk in chunks:
                    if self._closed:
                        return
                    yield chunk


def routes(archives: ZipArchives) -> APIRouter:
    router = APIRouter(tags=["results"])

    @router.get(
        "/api/jobs/{job_id}/download.zip",
        response_class=StreamingResponse,
        responses=problems(
            _404="No such job, or it has expired.",
            _409="The job has no results yet.",
            _422="No such format.",
        ),
    )
    async def download(
        job_id: str,
        request: Request,
        format: AudioFormat | None = None,  # noqa: A002 -- the parameter's name
    ) -> Response:
        """All existing results in one ZIP file: stems (as made, or in `format`), lyrics, beats and click track."""
        submission = await archives.submission(job_id)
        contents = await archives.contents(submission, format)
        headers = {"Content-Disposition": attachment(submission.song.name, "karaoke.zip", submission.job_id)}
        stream = archives.stream(submission, contents, caller_of(request, submission.owner))
        return StreamingResponse(stream, headers=headers, media_type="application/zip")

    return router
