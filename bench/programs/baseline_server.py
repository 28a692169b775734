"""HTTP server that only sends the bytes of a file: `python -m bench.programs.baseline_server KIND PORT FILE`.

The services are compared with it. It uses the same uvicorn with the same settings.
"""

import sys
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.settings import Settings
from shared.web.etag import etag
from shared.web.server import forever, run, serving


def fastapi_route(body: bytes) -> ASGIApp:
    """Return an application with one FastAPI route."""
    app, tag = FastAPI(), etag(body)

    @app.get("/api/status/{job_id}")
    async def status(job_id: str, request: Request) -> Response:  # noqa: ARG001 -- the same signature as ours
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(body, headers={"ETag": tag}, media_type="application/json")

    return app


def asgi_app(body: bytes) -> ASGIApp:
    """Return an ASGI application that sends two messages, without a framework."""
    tag = etag(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"etag", tag)]
    found = (
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": body},
    )
    unchanged = (
        {"type": "http.response.start", "status": 304, "headers": [(b"etag", tag)]},
        {"type": "http.response.body"},
    )

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        for message in unchanged if (b"if-none-match", tag) in scope["headers"] else found:
            await send(message)

    return app


APPS = {"fastapi": fastapi_route, "uvicorn": asgi_app}


async def main(app: ASGIApp, settings: Settings) -> None:
    async with serving(app, settings):
        await forever()


if __name__ == "__main__":
    kind, port, file = sys.argv[1:]
    settings = Settings(port=int(port))
    run(kind, settings, main(APPS[kind](Path(file).read_bytes()), settings))
