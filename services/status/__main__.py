import asyncio

from services.status.api import create_app
from services.status.consumer import Consumer
from services.status.janitor import Janitor
from services.status.settings import Settings
from services.status.store import Store
from shared.bus import Bus
from shared.health import Health, State
from shared.server import run, serving
from shared.storage import Storage
from shared.streams import ending


async def main(settings: Settings) -> None:
    bus = Bus(settings.amqp_url, "status")
    storage = Storage(settings.storage_url)
    async with Store.connected(settings.mongo_url, settings.mongo_database) as store:
        health = Health(bus.check, store.check)
        stopping = asyncio.Event()
        async with bus, serving(create_app(store, storage, health, settings, stopping), settings):
            await store.prepare()
            async with Consumer(bus, store, settings.grace_seconds).consuming():
                with ending(stopping):
                    health.state = State.READY
                    await Janitor(bus, store, storage, settings).sweep_forever()


if __name__ == "__main__":
    settings = Settings()
    run("status", settings, main(settings))
