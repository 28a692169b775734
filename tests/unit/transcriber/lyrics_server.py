"""A server on the loopback address that answers like LRCLIB, or badly, and a song that is recognized in part."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from deploy.local.ports import LOOPBACK
from shared.lyrics.words import Word

SECONDS = 40.0
TEXT = """Early morning by the water
I can hear the river say
Every boat will leave the harbour
Every night will turn to day
Carry me on down to River Town
Where the lights are burning low"""
HEARD = """early mourning by the water I can here the river say every boat will leave the harbor every knight will turn
to day carry me on down to river town where the light are burning low"""
OTHER = """Silver rain upon the mountain
Nobody remembers my name
We were dancing in the kitchen
And the summer never came
I was waiting for the answer
You were playing with the flame"""
SYNCED = "".join(f"[00:{5 * number:02}.00] {line}\n" for number, line in enumerate(TEXT.split("\n"), 1))


@dataclass
class LyricsServer:
    """Sends the pieces of `answer`, which include the status line, to every request; those of `search` to searches."""

    answer: Iterable[bytes]
    search: Iterable[bytes] | None = None
    url: str = ""
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Path, query and headers of each request."""

    @contextmanager
    def listening(self) -> Iterator["LyricsServer"]:
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                served.requests.append((asked.path, dict(parse_qsl(asked.query)), headers))
                searched = served.search if asked.path == "/api/search" else None
                try:
                    for piece in searched or served.answer:
                        self.wfile.write(piece)
                except OSError:  # the client has heard enough
                    pass

            def log_message(self, *_: Any) -> None:
                pass

        with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
            server.daemon_threads = True
            server.block_on_close = False
            self.url = f"http://{LOOPBACK}:{server.server_port}"
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def words(text: str) -> list[Word]:
    return [Word(each, index / 2, index / 2 + 0.4, 0.9) for index, each in enumerate(text.split())]


def entry(**fields: Any) -> dict[str, Any]:
    """Return an entry as LRCLIB sends it."""
    return {
        "id": 3396226,
        "trackName": "River Town",
        "artistName": "The Ferrymen",
        "albumName": "Boats",
        "duration": 40.0,
        "instrumental": False,
        "plainLyrics": TEXT,
        "syncedLyrics": SYNCED,
    } | fields
