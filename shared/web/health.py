"""`/livez`, `/readyz` and `/metrics` of every service."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.errors import TransientError
from shared.telemetry.metrics import READINESS

Check = Callable[[], Awaitable[None]]


class State(StrEnum):
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"


class Health:
    """`checks` raise TransientError while a dependency of the service is unavailable."""

    def __init__(self, *checks: Check) -> None:
        self.state = State.STARTING
        self._checks = checks

    def app(self) -> FastAPI:
        """Return an application with only these routes."""
        app = FastAPI(openapi_url=None)
        app.include_router(self.router())
        return app

    def router(self) -> APIRouter:
        router = APIRouter(tags=["health"])

        @router.get("/livez")
        async def livez() -> dict[str, State]:
            """The process responds. This checks no dependency."""
            return {"state": self.state}

        @router.get("/readyz", responses={503: {"description": "Starting, or a dependency is unavailable."}})
        async def readyz() -> JSONResponse:
            """The service and its dependencies are ready."""
            if self.state is State.STARTING:
                return _not_ready("The service is starting", "starting")
            for check in self._checks:
                try:
                    await check()
                except TransientError as error:
                    return _not_ready(error.summary, error.code)
            READINESS.labels("ready").inc()
            return JSONResponse({"state": self.state})

        @router.get("/metrics", response_class=Response)
        async def metrics() -> Response:
            """Metrics in the text format of Prometheus."""
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        return router


def _not_ready(detail: str, code: str) -> JSONResponse:
    READINESS.labels(code).inc()
    return JSONResponse({"detail": detail, "code": code}, 503)
