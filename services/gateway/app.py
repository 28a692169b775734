"""The gateway's application: the public HTTP API and the page."""

import asyncio

import aiohttp
from fastapi import Depends
from fastapi.middleware.cors import CORSMiddleware

from services.gateway.jobs import beats, cancel, lyrics, lyrics_alignment, lyrics_correction, retry, submit
from services.gateway.jobs.corrections import Corrections
from services.gateway.media.encode import Encodings
from services.gateway.page import add_page
from services.gateway.results import archive, files, links, stored
from services.gateway.results.current import CurrentFiles
from services.gateway.results.names import ENCODABLE
from services.gateway.security.access import reader
from services.gateway.security.auth import Keys
from services.gateway.security.foreign_pages import refuse_foreign_pages
from services.gateway.security.headers import SecureHeadersApp
from services.gateway.security.quota import Quota
from services.gateway.settings import Settings
from services.gateway.status import forward
from services.gateway.status.client import StatusClient
from services.gateway.status.relay import Relay
from shared.broker.bus import Bus
from shared.storage.job_files import Storage
from shared.telemetry import tracing
from shared.web.health import Health
from shared.web.problem import install_error_handlers, problems


def create_app(
    bus: Bus,
    storage: Storage,
    status_session: aiohttp.ClientSession,
    health: Health,
    settings: Settings,
    *,
    stopping: asyncio.Event | None = None,
) -> SecureHeadersApp:
    """Return the gateway's application. Event streams end when `stopping` is set."""
    app = SecureHeadersApp(
        title="Karaoke",
        summary="Turns a song into stems, word-timed lyrics and rhythm.",
        version="1.0.0",
        docs_url=None,  # FastAPI's page loads its scripts from a CDN; `add_page` has one of our own
        redoc_url=None,
        telemetry=tracing.REQUESTS,
    )
    install_error_handlers(app)
    keys, signed_links, status_client = Keys(settings.api_keys), links.Links(settings), StatusClient(status_session)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Location", "ETag", "Content-Range", "Accept-Ranges", "Content-Length", "Retry-After"],
    )
    quota = Quota(status_client.usage, settings)
    refused = problems(
        _401="The key is missing or invalid, or the link has expired.",
        _403="The gateway has no keys, and this host or origin is not its own.",
    )
    current = CurrentFiles(storage, Encodings(storage, ENCODABLE))
    beat_corrections = Corrections(beats.RESULT, bus, storage, status_client, quota=quota, files=current)
    lyrics_corrections = Corrections(lyrics_correction.RESULT, bus, storage, status_client, quota=quota, files=current)
    user_lyrics = lyrics.UserLyrics(
        bus, storage, status_client, quota=quota, settings=settings, corrections=lyrics_corrections
    )
    edits = lyrics_correction.LyricsCorrections(storage, quota, settings, current, lyrics_corrections)
    alignments = lyrics_alignment.LyricsAlignments(
        bus, storage, status_client, quota=quota, settings=settings, corrections=lyrics_corrections
    )
    own_pages = Depends(refuse_foreign_pages(settings))
    for router in (
        submit.routes(submit.Submissions(bus, storage, status_client, quota, settings), keys),
        forward.routes(status_client, Relay(status_client, settings, stopping or asyncio.Event()), keys),
        cancel.routes(status_client, bus, storage, keys),
        retry.routes(status_client, bus, storage, keys, quota),
        lyrics.routes(user_lyrics, keys),
        lyrics_correction.routes(edits, lyrics_corrections, keys),
        lyrics_alignment.routes(alignments, keys),
        beats.routes(beats.BeatCorrections(storage, quota, beat_corrections), beat_corrections, settings, keys),
        links.routes(signed_links, status_client, storage, keys),
    ):
        app.include_router(router, responses=refused, dependencies=[own_pages])
    readers = [Depends(reader(storage, keys, signed_links.verify, status_client.knows))]
    for router in (
        stored.routes(storage, current),
        files.routes(files.Files(storage, current, status_client)),
        archive.routes(archive.ZipArchives(storage, current)),
    ):
        app.include_router(router, responses=refused, dependencies=[own_pages, *readers])
    app.include_router(health.router())
    add_page(app)
    return app
