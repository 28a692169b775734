"""File names of uploads as clients send them; the song itself is passed on unchanged, however the form is cut."""

import random

import pytest
from streaming_form_data import StreamingFormDataParser
from streaming_form_data.parser import ParseFailedException
from streaming_form_data.targets import ValueTarget

from services.gateway.file_names import shown_name
from services.gateway.jobs.part_headers import MAX_BYTES, MAX_PARTS, PartHeaders, boundary_of, parameter
from tests.linear import MOST_GROWTH, Text, growth

BOUNDARY = "x1"
TYPE = "multipart/form-data; boundary=x1"
SONG = b'\r\n--x\r\n\r\n--x2 Content-Disposition: form-data; name="file"; filename="\xff"\r\n' + bytes(range(256))


def form(disposition: bytes, content: bytes = SONG, name: bytes = b"file") -> bytes:
    head = b'--x1\r\nContent-Disposition: form-data; name="' + name + b'"' + disposition
    return head + b"\r\nContent-Type: audio/mpeg\r\n\r\n" + content + b"\r\n--x1--\r\n"


def name_of(disposition: bytes) -> str | None:
    headers = PartHeaders(BOUNDARY)
    headers.feed(form(disposition))
    return headers.file_names.get("file")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"", None),
        (b'; filename=""', ""),
        (b"; filename=plain.mp3", "plain.mp3"),
        ('; filename="曲.mp3"'.encode(), "曲.mp3"),
        (b'; filename="caf\xe9.mp3"', "caf\ufffd.mp3"),
        ('; filename="Песня.mp3"'.encode("cp1251"), "\ufffd" * 5 + ".mp3"),
        ('; filename="노래.mp3"'.encode("euc-kr"), "\ufffd뷡.mp3"),
        ('; filename="ソ"'.encode("shift-jis"), "\ufffd\\"),
        ('; filename="歌.mp3"'.encode("utf-16-le"), None),
        (b"; filename*=UTF-8''%e6%9b%b2.mp3", "曲.mp3"),
        (b"; filename*=UTF-8''%e6%9b%b2.mp3; filename=\"x.mp3\"", "曲.mp3"),
        (b"; filename=\"x.mp3\"; filename*=iso-8859-1'en'caf%e9.mp3", "café.mp3"),
        (b"; filename*=klingon''%e6%9b%b2.mp3", "曲.mp3"),
        (b'; filename="a%22b%0D%0Ac.mp3"', 'a"b\r\nc.mp3'),
        (b'; filename="say \\"hi\\"; or not.mp3"', 'say "hi"; or not.mp3'),
        (b'; filename="half "quoted".mp3"', 'half "quoted".mp3'),
        (b'; filename="C:\\new\\song.mp3"', "C:\\new\\song.mp3"),
        (b'; filename="100%.mp3"', "100%.mp3"),
        (b'; FileName = "upper.mp3"', "upper.mp3"),
    ],
)
def test_a_file_name_is_read(disposition: bytes, name: str | None) -> None:
    found = name_of(disposition)
    assert (found == name) or (name is None and "\0" in str(found))


def test_the_content_is_unchanged_and_the_headers_are_ascii_however_the_form_is_cut() -> None:
    upload, numbers = form('; filename="曲.mp3"'.encode()), random.Random(7)
    for longest in (1, 3, 20, 10_000):
        headers, rest, received = PartHeaders(BOUNDARY), upload, b""
        while rest:
            size = numbers.randint(1, longest)
            received += headers.feed(rest[:size])
            rest = rest[size:]
        received += headers.flush()
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.isascii()
        assert head == b'--x1\r\nContent-Disposition: form-data; name="file"'
        assert body == SONG + b"\r\n--x1--\r\n"
        assert (headers.file_names, headers.content_types) == ({"file": "曲.mp3"}, {"file": "audio/mpeg"})


def test_only_the_part_with_the_song_names_it() -> None:
    headers = PartHeaders(BOUNDARY)
    first = form(b'; filename="words.txt"', b"la", b"lyrics").removesuffix(b"--x1--\r\n")
    headers.feed(first + form(b'; filename="song.mp3"'))
    assert headers.file_names == {"lyrics": "words.txt", "file": "song.mp3"}


@pytest.mark.parametrize(
    "part", [b'"', b"; ", b";   ", b" name", b'; filename="', b'; filename="a', b'; filename="a"; ', b"; filename*=a''"]
)
def test_hostile_headers_take_linear_time(part: bytes) -> None:
    def read(disposition: str) -> None:
        headers, parser = PartHeaders(BOUNDARY), StreamingFormDataParser({"Content-Type": TYPE})
        parser.data_received(headers.feed(form(disposition.encode())))

    assert growth(read, Text("", part.decode())) < MOST_GROWTH


def test_too_long_headers_too_many_parts_and_a_part_without_a_name_are_refused() -> None:
    for hostile in (form(b" " * MAX_BYTES), form(b"") * MAX_PARTS, b"--x1\r\nContent-Disposition: form-data\r\n\r\n"):
        with pytest.raises(ParseFailedException):
            PartHeaders(BOUNDARY).feed(hostile)


@pytest.mark.parametrize("boundary", ["----WebKitFormBoundary7MA4YWxkTrZu0gW", "a b", "'()+_,-./:=?", "x" * 70])
def test_a_boundary_is_read(boundary: str) -> None:
    assert boundary_of(f'Multipart/Form-Data; charset=utf-8; boundary="{boundary}"') == boundary
    parser = StreamingFormDataParser({"Content-Type": f'multipart/form-data; boundary="{boundary}"'})
    song = ValueTarget()
    parser.register("file", song)
    parser.data_received(form(b"", b"la").replace(b"x1", boundary.encode()))
    assert song.value == b"la"


@pytest.mark.parametrize("parameters", ["", "; boundary=", "; boundary=" + "x" * 300, '; boundary="a\\"b"', "(" * 900])
def test_an_unusable_boundary_is_refused(parameters: str) -> None:
    with pytest.raises(ParseFailedException):
        boundary_of("multipart/form-data" + parameters)


def test_a_hostile_content_type_takes_linear_time() -> None:
    for part in (";", 'a*0="b";', "; a=b", "; boundary*0=x", ";boundary*=", "(", "=?utf-8?q?a?= "):
        hostile = Text('multipart/form-data; boundary="', part)
        assert growth(lambda header: parameter(header, "boundary"), hostile) < MOST_GROWTH


def test_a_malformed_content_type_has_no_parameters() -> None:
    assert parameter("multipart/form-data; boundary*0=x; boundary*=y", "boundary") is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "song"),
        ("   ", "song"),
        ("/", "song"),
        ("a/b\\c.mp3", "c.mp3"),
        ("evil\u202egpj.mp3", "evilgpj.mp3"),
        ("a\r\nb\x00\x1b[31m.mp3", "a  b[31m.mp3"),
        ("Cafe\u0301.mp3", "Café.mp3"),
        ("👩\u200d🎤.mp3", "👩\u200d🎤.mp3"),
        ("می\u200cخواهم.mp3", "می\u200cخواهم.mp3"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_name_is_shown_without_what_could_mislead(path: str, name: str) -> None:
    assert shown_name(path) == name
