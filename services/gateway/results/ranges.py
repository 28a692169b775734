"""A stored object as an answer: whole or in part, or not at all where the client has it."""

import mimetypes
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from shared.storage.job_files import Storage
from shared.storage.objects import Head
from shared.web.etag import etag_matches
from shared.web.problem import Problem, problems

TYPES: Final = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".opus": "audio/ogg",
    ".lrc": "text/plain",
    ".elrc": "text/plain",
    ".srt": "application/x-subrip",
    ".ass": "text/x-ssa",
}
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
REPLACEABLE: Final = ("lyrics.", "beats.", "click.")
"""How the names of those begin that may be written anew while their job lasts."""

RESPONSES: Final[dict[int | str, dict[str, Any]]] = problems(
    _404="No such result, or it has expired.",
    _416="The range lies outside the file.",
    _503="Too many files are being encoded. Try again after `Retry-After` seconds.",
    _507="No disk is left for the encoded file. Try again later.",
) | {206: {"description": "The range asked for."}, 304: {"description": "Not modified since the given ETag."}}


def serve(storage: Storage, key: str, head: Head, request: Request, save_as: str | None) -> Response:
    """Answers GET and HEAD; with `save_as`, a file name, as an attachment. Raises Problem 416."""
    name = PurePath(key).name
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache" if name.startswith(REPLACEABLE) else "private, max-age=3600",
        "ETag": head.etag,
    }
    if save_as is not None:
        headers["Content-Disposition"] = attachment(save_as)
    if etag_matches(request.headers.get("if-none-match"), head.etag):
        return Response(status_code=304, headers=headers)
    part = _part(request.headers, head) if request.method == "GET" else None
    start, end = part or (0, head.size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{head.size}"
    suffix = PurePath(name).suffix
    media_type = TYPES.get(suffix) or mimetypes.types_map[suffix]
    status = 206 if part else 200
    if request.method == "HEAD" or start == end:
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(storage.read(key, start, end), status, headers, media_type)


def attachment(name: str) -> str:
    """For those that read the older form alone, such as curl, what of it is ASCII."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "").replace("\\", "")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


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
