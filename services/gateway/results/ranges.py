"""Serves a stored file, whole or in part, with an ETag (RFC 9110, sections 13 and 14)."""

import mimetypes
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from services.gateway.results import names
from shared.storage.job_files import Storage
from shared.storage.objects import MISSING, Head
from shared.web.etag import etag_matches
from shared.web.problem import Problem, no_such_result, problems

MEDIA_TYPES: Final = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".opus": "audio/ogg",
    ".lrc": "text/plain",
    ".elrc": "text/plain",
    ".srt": "application/x-subrip",
    ".ass": "text/x-ssa",
}
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
LASTING: Final = tuple(f"{sound}." for sound in names.WITH_PEAKS)
"""Prefixes of files that a browser may keep. Others are replaced by a refinement, or when the user supplies lyrics."""

RESPONSES: Final[dict[int | str, dict[str, Any]]] = problems(
    _404="No such result, or it has expired.",
    _416="The range is outside the file.",
    _503="Too many files are being encoded. Try again after `Retry-After` seconds.",
    _507="The storage has no space for the encoded file. Try again later.",
) | {206: {"description": "The requested range."}, 304: {"description": "Not modified since the given ETag."}}


async def serve(storage: Storage, key: str, head: Head, request: Request, disposition: str | None) -> Response:
    """Return the response to a GET request, with a `Content-Disposition` if given.

    Opens the file before the response starts, so that an unavailable storage gives an error and not half a file.
    Raises Problem 404 and 416.
    """
    name = PurePath(key).name
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600" if name.startswith(LASTING) else "private, no-cache",
        "ETag": head.etag,
    }
    if disposition is not None:
        headers["Content-Disposition"] = disposition
    if etag_matches(request.headers.get("if-none-match"), head.etag):
        return Response(status_code=304, headers=headers)
    part = _part(request.headers, head)
    start, end = part or (0, head.size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{head.size}"
    suffix = PurePath(name).suffix
    media_type = MEDIA_TYPES.get(suffix) or mimetypes.types_map[suffix]
    status = 206 if part else 200
    if start == end:
        return Response(status_code=status, headers=headers, media_type=media_type)
    try:
        content = await storage.open(key, start, end)
    except MISSING as error:  # deleted meanwhile
        raise no_such_result() from error
    return StreamingResponse(content, status, headers, media_type)


def _part(headers: Mapping[str, str], head: Head) -> tuple[int, int] | None:
    """Return the requested bytes [start, end), or None for the whole file.

    Several ranges, or a range of another version (`If-Range`), give the whole file. Raises Problem 416 for a range
    outside the file.
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
