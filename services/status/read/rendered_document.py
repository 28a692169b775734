"""A job's document at one moment, encoded for sending: the bytes, their ETag and the job's owner."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from fastapi import Response
from fastapi.sse import format_sse_event

from shared.document import JobDocument
from shared.web.etag import etag, etag_matches

POLL_SECONDS: Final = 3


@dataclass(frozen=True)
class RenderedDocument:
    """Encoded once for all clients. `revision` is the job's in the database, 0 while its submission is not stored."""

    document: JobDocument
    owner: str | None = None
    revision: int = 0

    @cached_property
    def body(self) -> bytes:
        return self.document.model_dump_json().encode()

    @cached_property
    def etag(self) -> str:
        return etag(self.body)

    @property
    def id(self) -> str:
        """Id of its server-sent event."""
        return self.etag.strip('"')

    @cached_property
    def event(self) -> bytes:
        """Its server-sent event, as sent on the wire."""
        return format_sse_event(event="status", id=self.id, data_str=self.body.decode())

    def response(self, condition: str | None) -> Response:
        """Return the response to a poll with this `If-None-Match`. The same response may be sent many times."""
        return self._not_modified if condition and etag_matches(condition, self.etag) else self._full_response

    def is_visible_to(self, owner: str | None) -> bool:
        """Return True if the job has not expired and belongs to `owner`; None sees every job."""
        return (owner is None or owner == self.owner) and self.document.expires_at >= datetime.now(UTC)

    @cached_property
    def _full_response(self) -> Response:
        return Response(self.body, headers=self._headers, media_type="application/json")

    @cached_property
    def _not_modified(self) -> Response:
        return Response(status_code=304, headers=self._headers)

    @cached_property
    def _headers(self) -> dict[str, str]:
        headers = {"ETag": self.etag, "Cache-Control": "private, no-cache"}
        return headers if self.document.is_over else headers | {"Retry-After": str(POLL_SECONDS)}
