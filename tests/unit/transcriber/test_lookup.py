"""Lyrics are looked up at a server that answers like LRCLIB, and count only if they agree with the recognized words."""

import gzip
import json
import runpy
import time
import tomllib
from collections.abc import Iterator
from math import inf, nan
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from services.transcriber import lookup
from services.transcriber.lookup import FoundLyrics, agreement, look_up
from services.transcriber.settings import Settings
from services.transcriber.text.tokens import tokenize
from shared.lyrics.tags import Tags
from shared.web import server
from shared.worker import worker
from tests.conftest import ROOT
from tests.unit.transcriber.lyrics_server import HEARD, OTHER, SECONDS, TEXT, LyricsServer, answer, entry, words

LIST = '[{"id": 1, "duration": 40, "plainLyrics": '


def found(server: LyricsServer, folder: Path, heard: str = HEARD, seconds: float = SECONDS) -> FoundLyrics | None:
    tags = folder / "tags.json"
    tags.write_text(Tags(title="River Town", artist="The Ferrymen & Co").model_dump_json())
    with server.listening():
        return look_up(server.url, tags, words(heard), seconds, "en")


def among(folder: Path, *entries: Any, **about: Any) -> FoundLyrics | None:
    return found(LyricsServer([answer(json.dumps(entries).encode())]), folder, **about)


def text_of(lyrics: FoundLyrics | None) -> str:
    assert lyrics
    return "\n".join(" ".join(word.text for word in line.words) for line in lyrics.lines)


def test_lyrics_that_agree_are_found_with_their_times_and_their_place(tmp_path: Path) -> None:
    server = LyricsServer([answer(json.dumps([entry()]).encode())])
    lyrics = found(server, tmp_path)
    assert text_of(lyrics) == TEXT
    assert lyrics
    assert [line.start for line in lyrics.lines] == [5, 10, 15, 20, 25, 30]
    assert (lyrics.at.entry, lyrics.at.url) == (3396226, f"{server.url}/api/get/3396226")
    assert f"http://{lyrics.at.server}" == server.url


def test_the_requests_send_title_artist_length_and_the_program_and_nothing_else(tmp_path: Path) -> None:
    server = LyricsServer([answer(b"{}", "404 Not Found")])
    assert found(server, tmp_path, seconds=39.6) is None
    tags = {"track_name": "River Town", "artist_name": "The Ferrymen & Co"}
    assert [(path, query) for path, query, _ in server.requests] == [
        ("/api/get", tags | {"duration": "40"}),
        ("/api/search", tags),
    ]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for _, _, headers in server.requests:
        assert headers.pop("user-agent") == f"karaoke-backend/{version}"
        assert headers.keys() == {"host", "accept", "accept-encoding"}


def test_nothing_is_searched_when_the_entry_with_these_tags_agrees(tmp_path: Path) -> None:
    server = LyricsServer([answer(json.dumps(entry()).encode())])
    assert text_of(found(server, tmp_path)) == TEXT
    assert [path for path, _, _ in server.requests] == ["/api/get"]


@pytest.mark.parametrize(
    "first",
    [answer(b"", "404 Not Found"), answer(json.dumps(entry(syncedLyrics=OTHER)).encode()), answer(b"null")],
    ids=["unknown", "another song", "nothing"],
)
def test_without_an_entry_that_agrees_the_search_may_find_one(tmp_path: Path, first: bytes) -> None:
    server = LyricsServer([first], search=[answer(json.dumps([entry(id=1, duration=400), entry(id=2)]).encode())])
    lyrics = found(server, tmp_path)
    assert lyrics
    assert lyrics.at.entry == 2


def test_lyrics_of_another_song_are_not_taken(tmp_path: Path) -> None:
    assert among(tmp_path, entry(plainLyrics=OTHER, syncedLyrics=None)) is None


def test_lyrics_of_a_longer_version_are_not_taken(tmp_path: Path) -> None:
    assert among(tmp_path, entry(duration=42.5)) is None
    assert among(tmp_path, entry(duration=41.5))


def test_a_few_recognized_words_prove_nothing(tmp_path: Path) -> None:
    few = "carry me on down to river town"
    assert among(tmp_path, entry(plainLyrics=few, syncedLyrics=None), heard=few) is None


def test_of_several_entries_the_one_that_agrees_best_is_taken(tmp_path: Path) -> None:
    half = "\n".join([*TEXT.split("\n")[:4], *OTHER.split("\n")[:2]])
    lyrics = among(
        tmp_path,
        entry(id=1, syncedLyrics=half),
        entry(id=2, duration=41, syncedLyrics=None),
        entry(id=3, syncedLyrics=OTHER),
    )
    assert lyrics
    assert lyrics.at.entry == 2


def test_an_entry_that_says_instrumental_proves_nothing(tmp_path: Path) -> None:
    assert among(tmp_path, entry(instrumental=True, plainLyrics=None, syncedLyrics=None)) is None
    assert among(tmp_path, entry(instrumental=True))


@pytest.mark.parametrize("synced", ["", "[00:01.00] ♪", "la " * 7000])
def test_unusable_timed_lyrics_are_replaced_by_the_plain_ones(tmp_path: Path, synced: str) -> None:
    assert text_of(among(tmp_path, entry(syncedLyrics=synced))) == TEXT


def test_control_characters_are_removed(tmp_path: Path) -> None:
    lyrics = among(tmp_path, entry(syncedLyrics=TEXT.replace(" ", " \x00\x1b\u2028", 1)))
    assert text_of(lyrics).startswith("Early\nmorning")


@pytest.mark.parametrize(
    "broken",
    [
        *(None, 7, "text", [], {}),
        *({"id": -1}, {"id": "x"}, {"id": 2**70}, {"duration": None}, {"duration": "long"}, {"duration": -40}),
        *({"duration": nan}, {"duration": inf}, {"plainLyrics": nan}),
        *({"plainLyrics": 7}, {"syncedLyrics": ["la"]}, {"syncedLyrics": {"la": "la"}}),
    ],
    ids=str,
)
def test_a_broken_entry_does_not_hide_a_good_one(tmp_path: Path, broken: Any) -> None:
    bad = entry(**broken) if isinstance(broken, dict) and broken else broken
    lyrics = among(tmp_path, bad, entry(id=5))
    assert lyrics
    assert lyrics.at.entry == 5


@pytest.mark.parametrize(
    "reply",
    [
        answer(b""),
        answer(b"<!doctype html><title>Blocked</title>"),
        answer(json.dumps([entry()]).encode(), "500 Internal Server Error"),
        answer(b"[" * 1_000_000),
        answer(LIST.encode() + b'{"a":' * 200_000),
        answer(f'{LIST}"\\ud800"}}]'.encode()),
        answer(b"\xff\xfe[]"),
        answer(gzip.compress(json.dumps([entry()]).encode()), "200 OK", "Content-Encoding: gzip"),
        answer(b"", "302 Found", "Location: /elsewhere"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n[",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n[]",
        b"220 mail.example.com ESMTP\r\n",
    ],
    ids=range(12),
)
def test_a_server_that_answers_badly_changes_nothing(tmp_path: Path, reply: bytes) -> None:
    server = LyricsServer([reply])
    with capture_logs() as logs:
        assert found(server, tmp_path) is None
    assert len(server.requests) == 1
    assert not any(text in str(logs) for text in ("River", "Ferrymen", "water"))
    assert len(logs) == 1


def endless(head: bytes, piece: bytes) -> Iterator[bytes]:
    """Yield a piece about every millisecond."""
    yield head
    while True:
        yield piece
        time.sleep(0.001)  # the pace of the server, which the test does not wait for


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n[", b" "),
        (b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["body", "headers", "chunks"],
)
def test_a_slow_answer_ends_at_the_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes, piece: bytes
) -> None:
    monkeypatch.setattr(lookup, "SECONDS", 0.3)
    begun = time.monotonic()
    assert found(LyricsServer(endless(head, piece)), tmp_path) is None
    assert time.monotonic() - begun < 5


def test_an_endless_answer_ends_at_its_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "SECONDS", 60)
    begun = time.monotonic()
    assert found(LyricsServer(endless(b"HTTP/1.1 200 OK\r\n\r\n[", b" " * 100_000)), tmp_path) is None
    assert time.monotonic() - begun < 30


def test_a_server_that_cannot_be_reached_changes_nothing(tmp_path: Path) -> None:
    tags = tmp_path / "tags.json"
    tags.write_text('{"title": "River Town", "artist": "The Ferrymen"}')
    with socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert look_up(url, tags, words(HEARD), SECONDS, "en") is None


def test_many_long_entries_take_bounded_time(tmp_path: Path) -> None:
    text = "\n".join(f"a{number % 97} e " * 10 for number in range(300))
    assert 15_000 < len(text) < 20_000
    entries = [entry(id=number, syncedLyrics=text) for number in range(100)]
    begun = time.monotonic()
    assert among(tmp_path, *entries, heard="a e i o " * 300) is None
    assert time.monotonic() - begun < 30


def test_agreement_is_the_share_of_equal_words_in_order() -> None:
    (line,) = tokenize(" ".join(TEXT.split()))
    assert agreement(line, words(TEXT), "en") == 1
    assert agreement(line, words(HEARD), "en") > 0.75
    assert agreement(line, words(OTHER), "en") < 0.25
    assert agreement(line, words(" ".join(reversed(TEXT.split()))), "en") < 0.25
    assert agreement(line, [], "en") == 0


@pytest.mark.parametrize(("url", "more"), [("", set()), ("https://lrclib.net", {"tags"})])
def test_tags_are_fetched_only_to_look_lyrics_up(monkeypatch: pytest.MonkeyPatch, url: str, more: set[str]) -> None:
    wanted: list[str] = []
    monkeypatch.setenv("LYRICS_LOOKUP_URL", url)
    monkeypatch.setattr(worker, "work", lambda *arguments, **_: wanted.extend(arguments[4]))
    monkeypatch.setattr(server, "run", lambda *_: None)
    runpy.run_module("services.transcriber", run_name="__main__")
    assert {*wanted} == {"lyrics", "beats", "instrumental"} | more


@pytest.mark.parametrize(
    "url", ["lrclib.net", "file:///etc/passwd", "https://", "https://me:secret@lrclib.net", "http://a b"]
)
def test_the_address_is_one_of_a_web_server_without_a_password(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(lyrics_lookup_url=url)
