"""The command line, with a gateway that refuses the first upload."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from services.gateway.cli.__main__ import app
from shared.job import fold_all
from shared.notes import Note
from shared.tasks import Task
from shared.view import view
from tests.fakes import JOB_ID, after, failed, submitted

BEATS = Task.BEAT_ANALYSIS
NOTE = Note(code="mono_source", message="The upload is mono.")
DOCUMENT = view(fold_all([submitted(BEATS), failed(BEATS)]), after(60))
FAILED = DOCUMENT.model_copy(update={"notes": (NOTE,)}).model_dump(mode="json")
REFUSED = 1


class Busy(BaseHTTPRequestHandler):
    """Accepts the second upload, not the first. Its job has failed."""

    uploads: list[bytes]
    keys: set[str]

    def do_GET(self) -> None:
        self._answer(200, FAILED)

    def do_POST(self) -> None:
        self.uploads.append(self.rfile.read(int(self.headers["Content-Length"])))
        if len(self.uploads) <= REFUSED:
            self._answer(429, {"detail": "Not now.", "code": "too_many_requests"})
        else:
            self._answer(202, {"job_id": JOB_ID})

    def _answer(self, status: int, document: object) -> None:
        self.keys.add(self.headers.get("Authorization", ""))
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test output clean."""


@pytest.fixture
def busy() -> Iterator[ThreadingHTTPServer]:
    Busy.uploads, Busy.keys = [], set()
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_refused_upload_is_repeated_when_allowed_with_the_key(busy: ThreadingHTTPServer, tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    song.write_bytes(b"all of a song")
    env = {"KARAOKE_URL": f"http://127.0.0.1:{busy.server_port}", "KARAOKE_KEY": "my key"}
    began = time.monotonic()
    ended = CliRunner().invoke(app, ["process", str(song), "--json"], env=env)
    assert ended.exit_code == 1, ended.output
    assert json.loads(ended.stdout)["status"] == "failed"
    assert time.monotonic() - began >= 1
    assert [b"all of a song" in upload for upload in Busy.uploads] == [True, True]
    assert Busy.keys == {"Bearer my key"}


def test_the_status_of_a_job_shows_its_notes(busy: ThreadingHTTPServer) -> None:
    shown = CliRunner().invoke(app, ["status", JOB_ID, "--url", f"http://127.0.0.1:{busy.server_port}"])
    assert NOTE.message in shown.output


def test_lyrics_are_uploaded_with_the_song(busy: ThreadingHTTPServer, tmp_path: Path) -> None:
    song, words = tmp_path / "song.wav", tmp_path / "words.txt"
    song.write_bytes(b"all of a song")
    words.write_text("\ufeffSing it, Zoë", encoding="utf-8")
    env = {"KARAOKE_URL": f"http://127.0.0.1:{busy.server_port}"}
    CliRunner().invoke(app, ["process", str(song), "--lyrics", str(words), "--json"], env=env)
    assert b'name="lyrics"\r\n\r\nSing it, Zo\xc3\xab\r\n' in Busy.uploads[-1]


def test_lyrics_that_are_not_utf8_are_refused_before_the_upload(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_bytes(b"caf\xe9")
    ended = CliRunner().invoke(app, ["process", str(words), "--lyrics", str(words), "--url", "http://127.0.0.1:1"])
    assert ended.exit_code == 2
    assert "UTF-8" in ended.output
