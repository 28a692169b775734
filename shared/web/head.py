"""HEAD for every route that has GET (RFC 9110, section 9.3.2)."""

from typing import Final

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ONLY_FOR_GET: Final = (b"range", b"if-range")
"""Headers that a server must ignore for other methods (RFC 9110, section 14.2)."""


class HeadAsGet:
    """ASGI middleware. Handles HEAD like GET, and stops at the body: no file is read, and no event stream followed.

    The headers are those of GET. A response of unknown length, such as a ZIP that is made while it is sent, has none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start" and not response.cancel_called:
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                response.cancel()
            await anyio.lowlevel.checkpoint()  # raises here, so that the application makes no body

        headers = [(name, value) for name, value in scope["headers"] if name not in ONLY_FOR_GET]
        with anyio.CancelScope() as response:
            await self._app({**scope, "method": "GET", "headers": headers}, receive, send_head)
