"""The public API, put together: songs in, status and results out, and the page."""

import httpx
from fastapi.middleware.cors import CORSMiddleware

from services.gateway import jobs, links, results, submit
from services.gateway.auth import Keys
from services.gateway.headers import Guarded
from services.gateway.page import add_page
from services.gateway.quota import Quota
from services.gateway.settings import Settings
from shared.bus import Bus
from shared.health import Health
from shared.problem import answer_problems, problems
from shared.storage import Storage


def create_app(bus: Bus, storage: Storage, status: httpx.AsyncClient, health: Health, settings: Settings) -> Guarded:
    app = Guarded(
        title="Karaoke",
        summary="A song in; stems, word-timed lyrics and rhythm out.",
        version="1.0.0",
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    answer_problems(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Location", "ETag", "Content-Range", "Accept-Ranges", "Content-Length", "Retry-After"],
    )
    keys, signed, known = Keys(settings.api_keys), links.Links(settings), jobs.Jobs(status)
    quota = Quota(known.unfinished, settings)
    refused = problems(_401="A key is needed, or the link has expired.")
    for router in (
        submit.routes(submit.Submissions(bus, storage, known, quota, settings), keys),
        jobs.routes(known, bus, storage, keys, quota),
        links.routes(signed, known, keys),
        results.routes(storage, keys, signed),
    ):
        app.include_router(router, responses=refused)
    app.include_router(health.router())
    add_page(app)
    return app
