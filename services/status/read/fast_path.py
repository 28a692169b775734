"""`GET /api/status/<job_id>`, asked again and again: answered before the application has begun with it."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from services.status.read.document_cache import Editions
from services.status.read.rendered_document import Edition

PATH: Final = "/api/status/"


class Polls:
    """Answers with what is kept, where that may be shown; of everything else it knows nothing, and hands it on."""

    def __init__(self, app: ASGIApp, editions: Editions) -> None:
        self._app = app
        self._editions = editions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(PATH):
            asked = {name: value.decode("latin-1") for name, value in scope["headers"] if name in ASKED}
            condition = asked.get(b"if-none-match")
            if edition := self._kept(scope["path"].removeprefix(PATH), asked, condition):
                await edition.answer(condition)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _kept(self, job_id: str, asked: dict[bytes, str], condition: str | None) -> Edition | None:
        if b"cache-control" in asked:
            return None
        edition = self._editions.kept(job_id, condition)
        return edition if edition and edition.is_for(asked.get(b"x-owner")) else None


ASKED: Final = (b"if-none-match", b"x-owner", b"cache-control")
