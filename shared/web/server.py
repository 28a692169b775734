"""How a service lives: HTTP from its first moment, cancelled by SIGTERM, drained by its context managers."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress

import uvicorn
import uvloop
from starlette.types import ASGIApp

from shared.settings import Settings
from shared.telemetry import logs, tracing
from shared.web.timeouts import HttpTimeoutProtocol


def run(service: str, settings: Settings, main: Coroutine[None, None, None]) -> None:
    """Runs `main` until it ends, or SIGINT or SIGTERM cancels it."""
    logs.configure(service, settings)
    tracing.configure(service)
    gc.freeze()  # what is imported stays: it is not to be gone through at each collection
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(_terminable(main))


@asynccontextmanager
async def serving(app: ASGIApp, settings: Settings) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        http=HttpTimeoutProtocol,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.grace_seconds),
    )
    server = _Server(config)
    serve = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serve


async def forever() -> None:
    """Waits to be cancelled."""
    await asyncio.Event().wait()


async def _terminable(main: Coroutine[None, None, None]) -> None:
    """The first SIGTERM cancels `main`, later ones leave it to drain."""
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.add_signal_handler(signal.SIGTERM, lambda: None)
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, stop)
    await task


class _Server(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override] # a context manager is all it needs
        """Leaves signals to `run`, so that work is drained while `/livez` still answers."""
        return nullcontext()
