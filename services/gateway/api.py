"""The public API, put together: songs in, status and results out, and the page."""

from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from services.gateway import jobs, results, submit
from services.gateway.settings import Settings
from shared.bus import Bus
from shared.health import Health
from shared.problem import answer_problems
from shared.storage import Storage

WEB = Path(__file__).parent / "web"


def create_app(bus: Bus, storage: Storage, status: httpx.AsyncClient, health: Health, settings: Settings) -> FastAPI:
    app = FastAPI(title="Karaoke", summary="A song in; stems, word-timed lyrics and rhythm out.", version="1.0.0")
    answer_problems(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Location", "ETag", "Content-Range", "Accept-Ranges", "Content-Length"],
    )
    known = jobs.Jobs(status)
    app.include_router(submit.routes(submit.Submissions(bus, storage, known, settings)))
    app.include_router(jobs.routes(known, bus, storage))
    app.include_router(results.routes(storage))
    app.include_router(health.router())
    app.mount("/web", StaticFiles(directory=WEB), name="web")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(WEB / "index.html", headers={"Content-Security-Policy": "default-src 'self'"})

    return app
