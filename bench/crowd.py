"""Many large uploads that are all under way at the same moment."""

import asyncio
import io
import struct
import wave
from collections.abc import AsyncIterator

import aiohttp

CHUNK = bytes(256 << 10)


async def upload_at_once(url: str, count: int, size: int) -> list[int]:
    """The codes that `count` uploads of `size` bytes are answered with. None sends its last half before all have sent
    their first: so long all of them are under way.
    """
    half_way = asyncio.Barrier(count)
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:

        async def upload() -> int:
            with aiohttp.MultipartWriter("form-data") as form:
                form.append(_body(size, half_way)).set_content_disposition("form-data", name="file", filename="a.wav")
                async with http.post("/api/process", data=form) as answer:
                    return answer.status

        return await asyncio.gather(*(upload() for _ in range(count)))


async def _body(size: int, half_way: asyncio.Barrier) -> AsyncIterator[bytes]:
    """Two seconds of silence, and then a chunk of nothing that players pass over."""
    song = _song(size)
    yield song
    sent = len(song)
    waited = False
    while sent < size:
        if not waited and 2 * sent >= size:
            waited = True
            await half_way.wait()
        piece = CHUNK[: size - sent]
        yield piece
        sent += len(piece)


def _song(size: int) -> bytes:
    """The beginning of a WAV file of `size` bytes: all but its last chunk's content."""
    with io.BytesIO() as file:
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(2 * 2 * 8000))
        content = file.getvalue()[8:]
    rest = size - 8 - len(content) - 8
    return b"RIFF" + struct.pack("<I", size - 8) + content + b"junk" + struct.pack("<I", rest)
