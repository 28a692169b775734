"""A receiver of callbacks on the loopback address, with scripted responses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from socket import socket

from deploy.local.ports import LOOPBACK


@dataclass(frozen=True)
class Request:
    headers: dict[str, str]
    body: str


def _bound() -> socket:
    """Return a socket with a free port, which refuses connections until a server listens on it."""
    bound = socket()
    bound.bind((LOOPBACK, 0))
    return bound


@dataclass
class Receiver:
    """Sends its responses in order and repeats the last one; `None` sends no response."""

    answers: list[str | None] = field(default_factory=lambda: ["204 No Content"])
    socket: socket = field(default_factory=_bound)
    more: bytes = b""
    requests: list[Request] = field(default_factory=list)

    @property
    def port(self) -> int:
        port: int = self.socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/told?by=us"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Receiver"]:
        server = await asyncio.start_server(self._serve, sock=self.socket)
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = [line.split(": ", 1) for line in head.strip().split("\r\n")[1:]]
            headers = {name.lower(): value for name, value in lines}
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append(Request(headers, body.decode()))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is None:
                await reader.read()  # until the sender disconnects
            else:
                length = f"Content-Length: {len(self.more)}\r\n" if self.more else ""
                writer.write(f"HTTP/1.1 {answer}\r\n{length}Connection: close\r\n\r\n".encode() + self.more)
                await writer.drain()
        writer.close()
