"""Security headers of every response."""

from typing import Final

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.head import HeadAsGet

PAGE: Final = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; form-action 'none'"
"""The page transposes songs with WebAssembly, which may be compiled. JavaScript `eval` is forbidden."""
DOCS: Final = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
"""Swagger UI's style sheet contains its icons."""
RESULT: Final = "default-src 'none'; media-src 'self'"
POLICIES: Final = {
    "/docs": DOCS,
    "/web/": PAGE,
    "/storage/": RESULT,
    "/api/jobs/": RESULT,
}
"""Content security policies by path prefix. A result opened in its own tab can be played."""

COMMON: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # links to results contain a token
}


class SecureHeadersApp(FastAPI):
    """An application that adds the headers to all responses, also to those for unexpected errors, and answers HEAD."""

    def build_middleware_stack(self) -> ASGIApp:
        return HeadAsGet(_Headers(super().build_middleware_stack()))


class _Headers:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(COMMON)
                headers["Content-Security-Policy"] = f"{_policy(scope['path'])}; frame-ancestors 'none'"
                if scope["path"].startswith(("/api/", "/storage/")):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _policy(path: str) -> str:
    if path == "/":
        return PAGE
    return next((policy for start, policy in POLICIES.items() if path.startswith(start)), "default-src 'none'")
