import asyncio

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from services.gateway.app import create_app
from services.gateway.settings import Settings
from shared.broker.bus import Bus
from shared.storage.job_files import Storage
from shared.web.health import Health, State
from shared.web.server import forever, run, serving
from shared.web.streams import stop_streams_on_exit

STATUS_SECONDS = 10


async def main(settings: Settings) -> None:
    bus = Bus(settings.amqp_url, "gateway", declares=settings.declare_topology)
    health = Health(bus.check)
    stopping = asyncio.Event()
    no_limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    patience = aiohttp.ClientTimeout(STATUS_SECONDS)
    status_url = settings.status_url.rstrip("/") + "/"
    async with (
        aiohttp.ClientSession(status_url, timeout=patience, cookie_jar=aiohttp.DummyCookieJar()) as polls,
        httpx.AsyncClient(base_url=settings.status_url, transport=AiohttpTransport(), timeout=STATUS_SECONDS) as status,
        httpx.AsyncClient(base_url=settings.status_url, limits=no_limits) as streams,
    ):
        storage = Storage(settings.storage_url)
        app = create_app(bus, storage, status, health, settings, polls=polls, streams=streams, stopping=stopping)
        async with bus, serving(app, settings):  # uploads on their way are let through before the bus goes
            with stop_streams_on_exit(stopping):
                health.state = State.READY
                await forever()


if __name__ == "__main__":
    settings = Settings()
    run("gateway", settings, main(settings))
