"""A TCP proxy that can cut connections and hold all bytes."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from deploy.local.ports import LOOPBACK


class Proxy:
    """Forwards from `self.port` to `port` of the loopback address, in its own thread."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._up, self._down = asyncio.Event(), asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._do(self._pass)
        server = self._run(asyncio.start_server(self._accept, LOOPBACK, 0))
        self.port: int = server.sockets[0].getsockname()[1]

    def hold(self, *, up: bool = True, down: bool = True) -> None:
        """Hold bytes to the target (`up`) or from it (`down`) silently, until `mend` delivers them."""
        for event, held in ((self._up, up), (self._down, down)):
            if held:
                self._do(event.clear)

    def cut(self) -> None:
        """Close all connections and drop the held bytes; accept new connections."""
        self._do(self._drop)

    def mend(self) -> None:
        self._do(self._pass)

    def _pass(self) -> None:
        self._up.set()
        self._down.set()

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(
            self._pump(reader, far_writer, self._up),
            self._pump(far_reader, writer, self._down),
        )
        self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: asyncio.Event) -> None:
        with suppress(OSError):
            while chunk := await reader.read(1 << 16):
                await allowed.wait()
                writer.write(chunk)
                await writer.drain()
        await allowed.wait()
        with suppress(OSError):
            writer.close()

    def _do(self, call: Callable[[], None]) -> None:
        async def once() -> None:
            call()

        self._run(once())

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)
