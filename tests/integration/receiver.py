"""A receiver of callbacks on the loopback address, with scripted responses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from deploy.local.ports import LOOPBACK, free_ports


@dataclass(frozen=True)
class Request:
    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """Sends its responses in order and repeats the last one; `None` sends no response."""

    answers: list[str | None] = field(default_factory=lambda: ["204 No Content"])
    port: int = field(default_factory=lambda: free_ports(1)[0])
    more: bytes = b""
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/told?by=us"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Receiver"]:
        server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
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
