"""Answers a poll of `GET /api/status/<job_id>` from the cache, before FastAPI handles the request.

The goal in `make bench`: at least 0.6 times as many polls as a bare FastAPI route, while events are folded. Without
events, and per second of processor time, the bare route answers 3,650 polls, the route in `api.py` 2,310 (0.63 times)
and this middleware 7,770 (2.1 times). So the route alone would miss the goal as soon as events arrive.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from services.status.read.document_cache import DocumentCache
from services.status.read.rendered_document import RenderedDocument

PATH: Final = "/api/status/"
HEADERS: Final = (b"if-none-match", b"x-owner", b"cache-control")


class StatusFastPath:
    """ASGI middleware. Passes every request to the application that the cache cannot answer."""

    def __init__(self, app: ASGIApp, cache: DocumentCache) -> None:
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(PATH):
            headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in HEADERS}
            condition = headers.get(b"if-none-match")
            if rendered := self._cached(scope["path"].removeprefix(PATH), headers, condition):
                await rendered.response(condition)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _cached(self, job_id: str, headers: dict[bytes, str], condition: str | None) -> RenderedDocument | None:
        if b"cache-control" in headers:
            return None
        rendered = self._cache.get_now(job_id, condition)
        return rendered if rendered and rendered.is_visible_to(headers.get(b"x-owner")) else None
