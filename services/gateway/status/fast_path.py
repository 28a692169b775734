"""`GET /api/status/<job_id>`, asked again and again: passed on before the application has begun with it."""

import re
from collections.abc import Mapping
from typing import Final

import aiohttp
from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.security.auth import BEARER, HEADER, Keys
from services.gateway.status.client import owner_header
from shared.errors import TransientError
from shared.events import JOB_ID
from shared.web.problem import Problem, service_unavailable

PATH: Final = re.compile(f"/api/status/{JOB_ID}")
PASSED_ON: Final = ("content-type", "retry-after", "etag", "cache-control")
SHOWN: Final = (200, 304)


class Polls:
    """Answers with a job's document, or that it is the same; everything else, refusals too, it hands on.

    `status` has the status service's address, up to a slash, as its base, and keeps no cookies.
    """

    def __init__(self, app: ASGIApp, status: aiohttp.ClientSession, keys: Keys) -> None:
        self._app = app
        self._status = status
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and PATH.fullmatch(scope["path"]):
            answer = await self._answer(Request(scope))
        else:
            answer = None
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        try:
            owner = await self._keys.owner(await BEARER(request), await HEADER(request))
            return await self._ask(request.scope["path"], owner, request.headers.get("if-none-match"))
        except Problem:
            return None

    async def _ask(self, path: str, owner: str | None, condition: str | None) -> Response | None:
        headers = owner_header(owner) | condition_of(condition)
        try:
            async with self._status.get(path.lstrip("/"), headers=headers) as answer:
                if answer.status not in SHOWN:
                    return None
                return passed_on(await answer.read(), answer.status, answer.headers)
        except (aiohttp.ClientError, TimeoutError):
            return service_unavailable(TransientError("The status service is away", code="status_unavailable"))


def condition_of(etag: str | None) -> dict[str, str]:
    """What has the status service say that a document is the same; a tag that cannot be one is none."""
    return {"If-None-Match": etag} if etag and etag.isascii() else {}


def passed_on(body: bytes, status: int, headers: Mapping[str, str]) -> Response:
    return Response(body, status, {name: headers[name] for name in PASSED_ON if name in headers})
