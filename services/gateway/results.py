"""`GET /storage/<job_id>/<name>`: a job's results, at the very paths that its status document names."""

import mimetypes
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.gateway.auth import Bearer, Header, Keys
from services.gateway.links import Links
from shared.events import JOB_ID
from shared.problem import Problem, problems
from shared.storage import Head, Storage

RESULT = re.compile(
    JOB_ID
    + r"/(?:.*_)?((?:vocals|drums|bass|other|instrumental)\.(?:wav|flac|mp3)|lyrics\.(?:json|lrc|srt|vtt)|beats\.json)"
)
"""The job, the song's name, for people to read, and what is looked up. Nothing else is served."""

TYPES = {".wav": "audio/wav", ".flac": "audio/flac", ".lrc": "text/plain", ".srt": "application/x-subrip"}
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


Token = Annotated[str | None, Query(description="Of a link, in the place of a key.")]


def routes(storage: Storage, keys: Keys, links: Links) -> APIRouter:
    router = APIRouter(tags=["results"], dependencies=[Depends(_reader(storage, keys, links))])

    @router.head("/storage/{job_id}/{name}", include_in_schema=False)
    @router.get(
        "/storage/{job_id}/{name}",
        response_class=StreamingResponse,
        responses=problems(_404="No such result, or it has expired.", _416="The range lies outside the file.")
        | {206: {"description": "The range asked for."}, 304: {"description": "Not modified since the given ETag."}},
    )
    async def result(job_id: str, name: str, request: Request, download: str | None = None) -> Response:
        """A result, whole or in part (`Range`), or as an attachment (`?download`)."""
        match = RESULT.fullmatch(f"{job_id}/{name}")
        key = f"{job_id}/{match[1]}" if match else ""
        head = await storage.head(key) if match else None
        if head is None:
            raise _no_such_result()
        headers = {
            "Accept-Ranges": "bytes",
            # Lyrics change when their user gives other words.
            "Cache-Control": "private, no-cache" if "/lyrics." in key else "private, max-age=3600",
            "ETag": head.etag,
        }
        if download is not None:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        if _matches(request.headers.get("if-none-match", ""), head.etag):
            return Response(status_code=304, headers=headers)
        part = _part(request.headers, head) if request.method == "GET" else None
        start, end = part or (0, head.size)
        headers["Content-Length"] = str(end - start)
        if part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{head.size}"
        suffix = f".{name.rpartition('.')[2]}"
        media_type = TYPES.get(suffix) or mimetypes.types_map[suffix]
        status = 206 if part else 200
        if request.method == "HEAD" or start == end:
            return Response(status_code=status, headers=headers, media_type=media_type)
        return StreamingResponse(storage.read(key, start, end), status, headers, media_type)

    return router


def _reader(storage: Storage, keys: Keys, links: Links) -> Callable[..., Awaitable[None]]:
    async def may_read(job_id: str, bearer: Bearer, header: Header, token: Token = None) -> None:
        """Raises Problem 401, or for another's job just what a job that is not there is answered with."""
        if keys and token is not None:
            links.require(job_id, token)
        elif owner := await keys.owner(bearer, header):
            submission = await storage.manifest(job_id) if re.fullmatch(JOB_ID, job_id) else None
            if submission is None or submission.owner != owner:
                raise _no_such_result()

    return may_read


def _no_such_result() -> Problem:
    return Problem(404, "result_not_found", "There is no such result; results are removed after a while.")


def _matches(condition: str, etag: str) -> bool:
    return condition == "*" or etag in condition


def _part(headers: Mapping[str, str], head: Head) -> tuple[int, int] | None:
    """The bytes [start, end) asked for, or None for all of them, as RFC 9110, section 14 has it.

    Raises Problem 416 for a range outside the file. Several ranges, or one of another version, give the whole file.
    """
    match = RANGE.fullmatch(headers.get("range", ""))
    if match is None or match[0] == "bytes=-" or headers.get("if-range", head.etag) != head.etag:
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, head.size - int(last))
    end = min(head.size, int(last) + 1) if first and last else head.size
    if start >= end:
        if first and last and int(last) < int(first):
            return None
        raise Problem(
            416, "range_not_satisfiable", f"The file has {head.size} bytes.", {"Content-Range": f"bytes */{head.size}"}
        )
    return start, end
