"""A job's document as it is sent at one moment: the very bytes, their validator, and whose it is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from fastapi import Response
from fastapi.sse import format_sse_event

from shared.document import JobDocument
from shared.web.etag import etag, is_known

POLL_SECONDS: Final = 3


@dataclass(frozen=True)
class Edition:
    """Made once, and sent to all who ask. `revision` is the job's in the database, 0 while not all of it is there."""

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
        """Of its event."""
        return self.etag.strip('"')

    @cached_property
    def event(self) -> bytes:
        """The bytes of the event that tells it."""
        return format_sse_event(event="status", id=self.id, data_str=self.body.decode())

    def answer(self, condition: str | None) -> Response:
        """To a poll with this `If-None-Match`. It may be sent again and again."""
        return self._unchanged if condition and is_known(condition, self.etag) else self._whole

    def is_for(self, owner: str | None) -> bool:
        """Whether it may be shown to who asks in this name, now."""
        return (owner is None or owner == self.owner) and self.document.expires_at >= datetime.now(UTC)

    @cached_property
    def _whole(self) -> Response:
        return Response(self.body, headers=self._headers, media_type="application/json")

    @cached_property
    def _unchanged(self) -> Response:
        return Response(status_code=304, headers=self._headers)

    @cached_property
    def _headers(self) -> dict[str, str]:
        headers = {"ETag": self.etag, "Cache-Control": "private, no-cache"}
        return headers if self.document.is_over else headers | {"Retry-After": str(POLL_SECONDS)}
