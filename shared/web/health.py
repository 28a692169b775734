"""`/livez`, `/readyz` and `/metrics` of every service."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.errors import TransientError
from shared.telemetry.metrics import READINESS
from shared.web.head import HeadAsGet

Check = Callable[[], Awaitable[None]]

REPORT_SECONDS = 1.5
"""Longest wait for a check that does not decide readiness: less than the time limit of `shared.web.probe`."""


class State(StrEnum):
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"


class Health:
    """`checks` raise TransientError while a dependency that the service cannot do without is unavailable.

    The service is ready without a dependency of `reported`, which maps error codes to checks. But `/readyz` names the
    codes, and counts them for the alerts.
    """

    def __init__(self, *checks: Check, reported: Mapping[str, Check] | None = None) -> None:
        self.state = State.STARTING
        self.problem: TransientError | None = None  # why the service takes no work
        self._checks = checks
        self._reported = reported or {}

    def app(self) -> FastAPI:
        """Return an application with only these routes."""
        app = FastAPI(openapi_url=None)
        app.include_router(self.router())
        app.add_middleware(HeadAsGet)
        return app

    def router(self) -> APIRouter:
        router = APIRouter(tags=["health"])

        @router.get("/livez")
        async def livez() -> dict[str, State]:
            """The process responds. This checks no dependency."""
            return {"state": self.state}

        @router.get(
            "/readyz",
            responses={503: {"description": "Starting, or something that the service needs is unavailable."}},
        )
        async def readyz() -> JSONResponse:
            """The service and all that it needs are ready. `unavailable` names what only some requests need."""
            if self.state is State.STARTING:
                return _not_ready("The service is starting", "starting")
            for check in self._checks:
                try:
                    await check()
                except TransientError as error:
                    return _not_ready(error.summary, error.code)
            if self.problem:
                return _not_ready(self.problem.summary, self.problem.code)
            READINESS.labels("ready").inc()
            missing = [code for code, check in self._reported.items() if await _fails(check)]
            for code in missing:
                READINESS.labels(code).inc()
            return JSONResponse({"state": self.state} | ({"unavailable": missing} if missing else {}))

        @router.get("/metrics", response_class=Response)
        async def metrics() -> Response:
            """Metrics in the text format of Prometheus."""
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        return router


async def _fails(check: Check) -> bool:
    """Return whether the check fails, or takes so long that a probe would not wait for it."""
    try:
        async with asyncio.timeout(REPORT_SECONDS):
            await check()
    except (TransientError, TimeoutError):
        return True
    return False


def _not_ready(detail: str, code: str) -> JSONResponse:
    READINESS.labels(code).inc()
    return JSONResponse({"detail": detail, "code": code}, 503)
