import httpx

from services.gateway.api import create_app
from services.gateway.settings import Settings
from shared.bus import Bus
from shared.health import Health, State
from shared.server import forever, run, serving
from shared.storage import Storage


async def main(settings: Settings) -> None:
    bus = Bus(settings.amqp_url, "gateway")
    health = Health(bus.check)
    async with httpx.AsyncClient(base_url=settings.status_url, timeout=10) as status:
        app = create_app(bus, Storage(settings.storage_url), status, health, settings)
        async with bus, serving(app, settings):  # uploads on their way are let through before the bus goes
            health.state = State.READY
            await forever()


if __name__ == "__main__":
    settings = Settings()
    run("gateway", settings, main(settings))
