import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from services.status.api import create_app
from services.status.callbacks.dispatcher import Courier
from services.status.callbacks.outbox import Outbox
from services.status.callbacks.sender import Post, client
from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.queue.snapshots import Snapshots
from services.status.read.documents import Documents
from services.status.settings import Settings
from services.status.sweeps.expiry import Janitor
from shared.broker.bus import Bus
from shared.storage.objects import Storage
from shared.web.health import Health, State
from shared.web.server import run, serving
from shared.web.streams import ending


async def main(settings: Settings) -> None:
    bus = Bus(settings.amqp_url, "status", declares=settings.declare_topology)
    storage = Storage(settings.storage_url)
    async with Store.connected(settings.mongo_url, settings.mongo_database) as store:
        health = Health(bus.check, store.check)
        stopping = asyncio.Event()
        async with bus, serving(create_app(store, storage, health, settings, stopping), settings):
            with ending(stopping):  # it may be told to stop before all is there
                await store.prepare()
                async with (
                    _courier(store, storage, settings) as courier,
                    Consumer(bus, store, settings.grace_seconds, courier).consuming(),
                ):
                    with ending(stopping):
                        health.state = State.READY
                        await Janitor(bus, store, storage, settings).sweep_forever()


@asynccontextmanager
async def _courier(store: Store, storage: Storage, settings: Settings) -> AsyncIterator[Courier | None]:
    """None without a secret: nothing is sent that cannot be signed."""
    if not settings.webhook_secret.get_secret_value():
        yield None
        return
    documents = Documents(store, storage, Snapshots(store), timedelta(hours=settings.job_ttl_hours))
    async with client() as http:
        post = Post(http, settings.callback_networks)
        courier = Courier(Outbox(store), documents, post, settings.webhook_secret)
        async with courier.delivering(settings.grace_seconds):
            yield courier


if __name__ == "__main__":
    settings = Settings()
    run("status", settings, main(settings))
