"""Life cycle of a service: it serves HTTP from the start, SIGTERM cancels it, its context managers drain it."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial
from socket import socket

import uvicorn
import uvloop
from starlette.types import ASGIApp

from shared.settings import Settings
from shared.telemetry import logs, tracing
from shared.web.limits import ConnectionLimit, HttpLimitProtocol

LOOPBACK = "127.0.0.1,::1"
"""uvicorn's default of FORWARDED_ALLOW_IPS."""


def run(service: str, settings: Settings, main: Coroutine[None, None, None]) -> None:
    """Run `main` until it ends, or SIGINT or SIGTERM cancels it."""
    logs.configure(service, settings)
    tracing.configure(service)
    gc.freeze()  # imported modules stay: exclude them from garbage collection
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        uvloop.run(_terminable(main))


@asynccontextmanager
async def serving(
    app: ASGIApp, settings: Settings, listener: socket | None = None, *, max_connections_of_one: int = 0
) -> AsyncIterator[None]:
    """Serve `app` on the listener or on the port of the settings, with a limit of connections per address if not 0.

    On exit, stop accepting requests and finish those in progress.
    """
    limit = ConnectionLimit(max_connections_of_one, os.environ.get("FORWARDED_ALLOW_IPS", LOOPBACK))
    config = uvicorn.Config(
        app,
        http=partial(HttpLimitProtocol, limit=limit),  # type: ignore[arg-type] # uvicorn only calls it
        ws="none",
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.grace_seconds),
    )
    server = _Server(config)
    serve = asyncio.create_task(server.serve([listener] if listener else None))
    try:
        yield
    finally:
        server.should_exit = True
        await serve


async def forever() -> None:
    """Wait until cancelled."""
    await asyncio.Event().wait()


async def _terminable(main: Coroutine[None, None, None]) -> None:
    """Run `main`. The first SIGTERM cancels it; later ones do not interrupt its draining."""
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.add_signal_handler(signal.SIGTERM, lambda: None)
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, stop)
    await task


class _Server(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override] # uvicorn only needs a context manager
        """Leave signals to `run`, so that `/livez` still responds while work is drained."""
        return nullcontext()
