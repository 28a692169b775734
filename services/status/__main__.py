import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from services.status.api import create_app
from services.status.callbacks.dispatcher import CallbackDispatcher
from services.status.callbacks.sender import CallbackSender, callback_session
from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.queue.snapshots import Snapshots
from services.status.read.documents import Documents
from services.status.settings import Settings
from services.status.sweeps.sweeper import Sweeper
from shared.broker.bus import BROKER_UNAVAILABLE, Bus
from shared.signing import Signer
from shared.storage.job_files import Storage
from shared.web.health import Health, State
from shared.web.server import run, serving
from shared.web.streams import stop_streams_on_exit


async def main(settings: Settings) -> None:
    signer = Signer(settings.submission_secret)
    bus = Bus(settings.amqp_url, "status", declares=settings.declare_topology, signer=signer)
    storage = Storage(settings.storage_url, signer)
    async with Store.connected(settings.mongo_url, settings.mongo_database) as store:
        health = Health(store.check, reported={BROKER_UNAVAILABLE: bus.check})  # documents are read without the broker
        stopping = asyncio.Event()
        async with bus, serving(create_app(store, storage, health, settings, stopping), settings):
            with stop_streams_on_exit(stopping):  # a stop may be requested before everything is available
                await store.prepare()
                health.state = State.READY
                async with (
                    _callback_dispatcher(store, storage, settings) as dispatcher,
                    Consumer(bus, store, settings.grace_seconds, dispatcher).consuming(),
                ):
                    with stop_streams_on_exit(stopping):
                        await Sweeper(bus, store, storage, settings).sweep_forever()


@asynccontextmanager
async def _callback_dispatcher(
    store: Store, storage: Storage, settings: Settings
) -> AsyncIterator[CallbackDispatcher | None]:
    """Yield None if there is no secret, because callbacks cannot be signed without one."""
    if not settings.webhook_secret.get_secret_value():
        yield None
        return
    documents = Documents(store, storage, Snapshots(store), timedelta(hours=settings.job_ttl_hours))
    async with callback_session() as session:
        sender = CallbackSender(session, settings.callback_networks, forbidden=settings.callback_forbidden_networks)
        dispatcher = CallbackDispatcher(store, documents, sender, settings.webhook_secret)
        async with dispatcher.delivering(settings.grace_seconds):
            yield dispatcher


if __name__ == "__main__":
    settings = Settings()
    run("status", settings, main(settings))
