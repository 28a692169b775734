"""Makes the storage of a test unavailable: a directory, or a server that answers like a failing S3."""

import re
from asyncio import StreamReader, StreamWriter, start_server
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from deploy.local.ports import LOOPBACK


@contextmanager
def unavailable(folder: Path) -> Iterator[None]:
    """Put a file where the storage's directory was, so that every operation on it fails; undo it on exit."""
    aside = folder.with_name(f"{folder.name}-aside")
    folder.rename(aside)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


@asynccontextmanager
async def failing_s3(status: int, code: str) -> AsyncIterator[str]:
    """Answer every request with an error of S3, and yield the server's URL."""
    body = f"<Error><Code>{code}</Code></Error>".encode()

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        head = await _request(reader)
        writer.write(f"HTTP/1.1 {status} Error\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        writer.write(b"" if head.startswith(b"HEAD") else body)
        writer.close()

    async with await start_server(answer, LOOPBACK, 0) as server:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"


async def _request(reader: StreamReader) -> bytes:
    """Read a request and return its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    if length := re.search(rb"(?i)content-length: (\d+)", head):
        await reader.readexactly(int(length[1]))
    return head
