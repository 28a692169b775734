"""Hostile uploads get a clear error and leave no file, and the next song is accepted."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from time import thread_time

import httpx2
import numpy as np
import pytest

import shared.web.timeouts
from deploy.local.ports import LOOPBACK
from services.gateway.app import create_app
from services.gateway.settings import Settings
from services.gateway.status.client import status_session
from shared.broker.bus import Bus
from shared.storage.job_files import Storage
from shared.web.health import Health
from shared.web.server import serving
from tests.audio import m4a, tone
from tests.integration import hostile
from tests.system import listen, submit, until

NOISE = np.random.default_rng(7).integers(0, 256, 30_000, np.uint8).tobytes()
REFUSED = {"not_audio", "corrupt", "too_short", "too_long", "undecodable"}
STALL_SECONDS = 1.0
LONGEST_BLOCK_SECONDS = 0.03
"""The gateway takes less than 10 ms on the slowest machine that was measured."""


class Server:
    """A gateway on a real port, because slow clients need it; it stores uploads in `temp`."""

    def __init__(self, client: httpx2.AsyncClient, port: int, temp: Path, storage: Path) -> None:
        self.client = client
        self.port = port
        self._folders = temp, storage

    def kept(self) -> list[Path]:
        return [path for folder in self._folders for path in folder.rglob("*") if path.is_file()]

    async def takes_a_song(self) -> None:
        assert (await submit(self.client, tone(2))).status_code == 202


@pytest.fixture
async def server(bus: Bus, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temp))
    monkeypatch.setattr(shared.web.timeouts, "REQUEST_SECONDS", STALL_SECONDS)
    listener, url = listen()
    settings = Settings(upload_silence_seconds=STALL_SECONDS, max_seconds=600, max_upload_bytes=20_000_000)
    settings = settings.model_copy(update={"uploads_per_minute": 0})
    # The gateway closes idle connections after STALL_SECONDS, perhaps just when the client uses one again.
    transport = httpx2.AsyncHTTPTransport(retries=9, limits=httpx2.Limits(max_keepalive_connections=0))
    async with (
        status_session(settings) as nobody,
        httpx2.AsyncClient(base_url=url, timeout=180, transport=transport) as client,
        serving(create_app(bus, storage, nobody, Health(), settings), settings, listener),
    ):
        yield Server(client, listener.getsockname()[1], temp, tmp_path / "storage")


def refused(answer: httpx2.Response) -> str:
    assert answer.status_code in (408, 413, 415, 422), answer.text
    assert answer.json()["detail"].endswith(".")
    return str(answer.json()["code"])


FILES: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "a day of silence": (hostile.silence_of_a_day, {"too_long"}),
    "a table of forty million samples": (hostile.with_huge_sample_table, REFUSED),
    "a billion samples in 90 kB": (hostile.crowded, {"too_many_samples"}),
    "a cover of 9 MB": (lambda: hostile.with_cover(300 * NOISE), {"accepted"}),
    "a cover that unpacks to gigabytes": (lambda: hostile.with_cover(hostile.png_bomb()), {"accepted"}),
    "that cover alone": (hostile.png_bomb, {"not_audio"}),
    "4 GB claimed": (lambda: hostile.wav(claimed=0xFFFFFFFF, data=NOISE), {"accepted"}),
    "less claimed than there is": (lambda: hostile.wav(claimed=100, data=NOISE), {"too_short"}),
    "a rate of 1 Hz": (lambda: hostile.wav(rate=1, data=NOISE), REFUSED),
    "a rate of 0 Hz": (lambda: hostile.wav(rate=0, data=NOISE), REFUSED),
    "a rate of 4 GHz": (lambda: hostile.wav(rate=0xFFFFFFFF, data=NOISE), REFUSED),
    "a rate of 768 kHz": (lambda: hostile.wav(rate=768_000, data=60 * NOISE), {"accepted"}),
    "255 channels": (lambda: hostile.wav(channels=255, data=300 * NOISE), REFUSED | {"accepted"}),
    "no channels": (lambda: hostile.wav(channels=0, data=NOISE), REFUSED),
    "no bits": (lambda: hostile.wav(bits=0, data=NOISE), REFUSED | {"accepted"}),
    "half an M4A": (lambda: m4a()[:700], REFUSED),
    "an M4A without its end": (lambda: m4a()[:-200], REFUSED),
    "a damaged page of Ogg": (hostile.damaged_ogg, REFUSED | {"accepted"}),
    "noise": (lambda: NOISE, {"not_audio", "corrupt"}),
    "noise after a header": (lambda: tone(2, form="FLAC")[:100] + NOISE, REFUSED),
    "a program": (lambda: b"\x7fELF" + NOISE, {"not_audio", "corrupt"}),
    "a zip": (lambda: hostile.archives()["zip"], {"not_audio"}),
    "a gzip": (lambda: hostile.archives()["gzip"], {"not_audio"}),
    "an xz": (lambda: hostile.archives()["xz"], {"not_audio"}),
    "a page that is a song": (lambda: hostile.polyglots()["html"], {"accepted"}),
    "a zip that is a song": (lambda: hostile.polyglots()["zip"], {"accepted"}),
    "a PDF that is a song": (lambda: hostile.polyglots()["pdf"], {"accepted"}),
}


@pytest.mark.parametrize("kind", FILES)
async def test_a_hostile_file_is_refused_or_only_its_sound_is_used(server: Server, kind: str) -> None:
    make, expected = FILES[kind]
    answer = await submit(server.client, make(), tasks="beat_analysis")
    if answer.status_code == 202:
        assert "accepted" in expected
        names = {path.name for path in server.kept()}
        assert names == {"song.flac", "manifest.json", "announced"}
    else:
        assert refused(answer) in expected
        assert not server.kept()
    await server.takes_a_song()


@pytest.mark.parametrize("kind", [*hostile.playlists(""), "external data"])
async def test_files_and_urls_named_in_an_upload_are_never_opened(server: Server, tmp_path: Path, kind: str) -> None:
    canary = hostile.canary(tmp_path)
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.setblocking(False)
        for address in (f"http://{LOOPBACK}:{listener.getsockname()[1]}/song.wav", canary.as_uri(), str(canary)):
            content = (
                hostile.with_external_data(address) if kind == "external data" else hostile.playlists(address)[kind]
            )
            answer = await submit(server.client, content, name=f"song.{kind}")
            if answer.status_code != 202:
                assert refused(answer) in REFUSED
                assert not server.kept()
        with pytest.raises(BlockingIOError):
            listener.accept()
    for song in (path for path in server.kept() if path.name == "song.flac"):
        assert song.stat().st_size < 20_000  # the silence of the file itself, not the canary's tone


NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\boot.ini": "boot.ini",
    "CON": "CON",
    "NUL.mp3": "NUL.mp3",
    "🎤🎶.mp3": "🎤🎶.mp3",
    "x" * 4000: "x" * 255,
    "gnos\u202e3pm.exe": "gnos3pm.exe",
    "a%0d%0aSet-Cookie: x=1.mp3": "a%0d%0aSet-Cookie: x=1.mp3",
    "a%00b.mp3": "a%00b.mp3",
    ".": ".",
    "$(reboot);`id`|x.mp3": "$(reboot);`id`|x.mp3",
    '{"$where": 1}.mp3': None,
    "<script>alert(1)</script>.mp3": "script>.mp3",
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_a_hostile_file_name_is_only_displayed(server: Server, storage: Storage, name: str) -> None:
    answer = await submit(server.client, tone(2), name=name)
    assert answer.status_code == 202
    job_id = answer.json()["job_id"]
    submission = await storage.manifest(job_id)
    assert submission
    assert submission.song.name.isprintable()
    assert submission.song.name == (NAMES[name] or submission.song.name)
    assert {path.parent.name for path in server.kept()} == {job_id}


FORMS = {
    "no boundary": ("multipart/form-data", b"--x\r\n\r\n"),
    "an empty form": ("multipart/form-data; boundary=x", b""),
    "no end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + tone(2),
    ),
    "ten thousand fields": (
        "multipart/form-data; boundary=x",
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n\r\n' % n for n in range(10_000))
        + b"--x--",
    ),
    "a boundary of 10 kB": (f"multipart/form-data; boundary={'x' * 10_000}", b"--" + b"x" * 10_000 + b"--\r\n"),
    "a header of 1 MB": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + b"y" * 1_000_000
        + b'"\r\n\r\nz\r\n--x--\r\n',
    ),
    "a name in no charset": (
        "multipart/form-data; boundary=x; charset=utf-7",
        b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename*=klingon''%ff\r\n\r\nz\r\n--x--\r\n",
    ),
}


@pytest.mark.parametrize("kind", FORMS)
async def test_a_malformed_form_is_refused(server: Server, kind: str) -> None:
    content_type, body = FORMS[kind]
    headers = {"Content-Type": content_type}
    answer = await server.client.post("/api/process", content=body, headers=headers)
    assert refused(answer)
    assert not server.kept()
    await server.takes_a_song()


HEAD = b"POST /api/process HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'


async def talk(port: int, *pieces: bytes, pause: float = 0.0, endless: bytes = b"") -> bytes:
    """Send the pieces, then `endless` repeatedly, until the server answers and closes. Return the answer."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)

    async def send() -> None:
        with suppress(OSError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            while endless:
                writer.write(endless)
                await writer.drain()
                await asyncio.sleep(pause)

    sending = asyncio.create_task(send())
    answer = b""
    async with asyncio.timeout(30):
        with suppress(OSError):
            while piece := await reader.read(1 << 16):
                answer += piece
                if answer.startswith(b"HTTP/1.1 4") and answer.endswith(b"}"):
                    break
    sending.cancel()
    writer.close()
    return answer


async def test_a_connection_with_slow_headers_is_closed(server: Server) -> None:
    assert await talk(server.port, HEAD, endless=b"X-A: b\r\n", pause=0.2) == b""
    assert await talk(server.port, b"") == b""
    await server.takes_a_song()


@pytest.mark.parametrize(("endless", "pause"), [(b"", 0.0), (b"a", 0.2)], ids=["it stops", "it drips"])
async def test_a_slow_body_is_refused(server: Server, endless: bytes, pause: float) -> None:
    head = HEAD + b"Content-Length: 1000000\r\n\r\n"
    answer = await talk(server.port, head, PART, endless=endless, pause=pause)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"upload_too_slow" in answer
    assert not server.kept()
    await server.takes_a_song()


@pytest.mark.parametrize("length", [b"Content-Length: 10000000000", b"Transfer-Encoding: chunked"])
async def test_ten_gigabytes_are_refused_before_they_have_arrived(server: Server, length: bytes) -> None:
    chunked = length.startswith(b"Transfer")
    megabyte = bytes(1 << 20)
    pieces = [HEAD + length + b"\r\n\r\n", b"%x\r\n%s\r\n" % (len(PART), PART) if chunked else PART]
    answer = await talk(server.port, *pieces, endless=b"100000\r\n%s\r\n" % megabyte if chunked else megabyte)
    assert answer.startswith(b"HTTP/1.1 413") or answer == b""  # the server may close with unread data
    assert not server.kept()
    await server.takes_a_song()


@pytest.mark.parametrize(
    ("beginning", "endless"),
    [
        (b'--x\r\nContent-Disposition: form-data; name="file"; filename="', b"y" * 50_000),
        (b"", b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n\r\n' * 1000),
    ],
    ids=["a header", "tiny parts"],
)
async def test_an_endless_form_is_refused_early(server: Server, beginning: bytes, endless: bytes) -> None:
    head = HEAD + b"Content-Length: 20000000\r\n\r\n"
    answer = await talk(server.port, head, beginning, endless=endless)
    assert answer.startswith(b"HTTP/1.1 422")
    assert b"too much data" in answer or b"more than 100 parts" in answer
    await server.takes_a_song()


LYRICS = {
    "brackets": "a " + "[" * 19_990,
    "wide brackets": "a " + "【" * 19_990,
    "45,000 accents": "a" + "\u0301\u0327" * 22_500,
    "accents as entities": "a" + "&#769;" * 3_300,
    "lines of one letter": "a\n" * 9_990,
    "a line of spaces": "a" + " " * 19_990 + "x2",
    "labels of singers": "".join(f"Verse: {number} Abc\n" for number in range(1_300)),
    "lines at many times": "[0:01]" * 1_500 + "\na" * 5_000,
    "too many characters": "猴" * 29_000,
}


@pytest.mark.parametrize("kind", LYRICS)
async def test_hostile_lyrics_do_not_block_the_event_loop(server: Server, kind: str) -> None:
    files, data = {"file": ("song.wav", NOISE)}, {"lyrics": LYRICS[kind]}
    with httpx2.Client(base_url=server.client.base_url, timeout=60) as client:
        uploading = asyncio.to_thread(client.post, "/api/process", files=files, data=data)
        answer, longest = await blocked_seconds(uploading)
    assert refused(answer) in {"not_audio", "corrupt", "lyrics_too_long", "empty_lyrics", "invalid_form"}
    assert longest < LONGEST_BLOCK_SECONDS


async def blocked_seconds(work: Awaitable[httpx2.Response]) -> tuple[httpx2.Response, float]:
    """Return the result of `work`, and the longest processor time that the event loop took for anything meanwhile.

    Garbage collection leaves out the objects of the other tests, which a gateway does not have.
    """
    gc.collect()
    gc.freeze()
    try:
        done, longest = asyncio.ensure_future(work), 0.0
        while not done.done():
            start = thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, thread_time() - start)
        return await done, longest
    finally:
        gc.unfreeze()


async def test_a_refused_client_may_send_the_rest_and_reuse_the_connection(server: Server) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
    writer.write(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n")
    for _ in range(40):
        writer.write(bytes(100_000))
        await writer.drain()
        await asyncio.sleep(STALL_SECONDS / 10)  # a slow connection
    assert b"404 Not Found" in await reader.readuntil(b"}")
    writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"200 OK" in await reader.readuntil(b"}")
    writer.close()


async def test_a_decoding_ends_when_its_client_disconnects(server: Server) -> None:
    song = hostile.crowded(seconds=500, rate=192_000, channels=2)
    body = PART + song + b"\r\n--x--\r\n"
    _, writer = await asyncio.open_connection(LOOPBACK, server.port)
    writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    await until(decoders, 1)
    writer.close()
    await until(decoders, 0)
    assert not server.kept()
    await server.takes_a_song()


async def decoders() -> int:
    """Return the number of decoders that run."""
    children = Path("/proc/self/task").glob("*/children")
    pids = [pid for file in children for pid in file.read_text().split()]
    commands = [Path("/proc", pid, "cmdline") for pid in pids]
    return sum(b"media.decoder" in command.read_bytes() for command in commands if command.exists())


async def test_a_response_that_is_not_read_is_dropped(
    server: Server, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.web.timeouts, "STALLED_CHECKS", 2)
    await storage.put("abc123/vocals.wav", bytes(50_000_000))
    with socket.create_connection((LOOPBACK, server.port)) as silent:
        silent.sendall(b"GET /storage/abc123/song_vocals.wav HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await until(lambda: established(server.port), 1)  # only this connection stays open after `REQUEST_SECONDS`
        await until(lambda: established(server.port), 0)


async def established(port: int) -> int:
    """Return the number of a server's established connections, from /proc/net/tcp."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()]
    return sum(local.endswith(f":{port:04X}") and state == "01" for _, local, _, state, *_ in rows[1:])
