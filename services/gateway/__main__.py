"""Starts the gateway: `python -m services.gateway`."""

import asyncio

from services.gateway.app import create_app
from services.gateway.media.processes import report_confinement
from services.gateway.settings import Settings
from services.gateway.status.client import status_session
from shared.broker.bus import BROKER_UNAVAILABLE, Bus
from shared.signing import Signer
from shared.storage.job_files import Storage
from shared.web.health import Health, State
from shared.web.server import forever, run, serving
from shared.web.streams import stop_streams_on_exit


async def main(settings: Settings) -> None:
    signer = Signer(settings.submission_secret)
    bus = Bus(settings.amqp_url, "gateway", declares=settings.declare_topology, signer=signer)
    storage = Storage(settings.storage_url, signer)
    health = Health(reported={BROKER_UNAVAILABLE: bus.check})  # only uploads and the like need the broker
    stopping = asyncio.Event()
    async with status_session(settings) as session:
        app = create_app(bus, storage, session, health, settings, stopping=stopping)
        server = serving(app, settings, max_connections_of_one=settings.max_connections_of_one)
        async with bus, server:  # requests in progress still need the broker while the server drains
            await report_confinement()
            with stop_streams_on_exit(stopping):
                health.state = State.READY
                await forever()


if __name__ == "__main__":
    settings = Settings()
    run("gateway", settings, main(settings))
