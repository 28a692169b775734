"""The decoder reads small files that PyAV makes: their timestamps, and their damage."""

from pathlib import Path
from typing import Any

import pytest
import soundfile

from services.gateway.media import decoder
from services.gateway.media.decoder import UnacceptableError
from services.gateway.media.timeline import TooLongError, TooManySamplesError
from tests.integration import hostile
from tests.unit.gateway.media.songs import BURST, SECONDS, Times, burst, burst_starts, damage, unchanged, write

JITTER = 0.03
"""Encoders delay sound by up to 23 ms where the container does not say so."""


def decode(upload: Path, min_seconds: float = 0, max_seconds: float = 60) -> tuple[dict[str, Any], Path]:
    song = upload.with_name("decoded.flac")
    with upload.open("rb") as read, song.open("wb") as written:
        return decoder.decode(read, written, min_seconds, max_seconds), song


files = pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("song.m4a", "aac"),
        ("song.mkv", "flac"),
        ("song.mka", "aac"),
        ("song.webm", "libopus"),
        ("song.opus", "libopus"),
        ("song.ts", "mp2"),
        ("song.flv", "aac"),
    ],
)
pictures = pytest.mark.parametrize(
    ("name", "codec"), [("song.mp4", "aac"), ("song.mov", "pcm_s16le"), ("song.mkv", "libopus"), ("song.ts", "mp2")]
)


@files
@pytest.mark.parametrize(
    ("times", "seconds", "start", "filled"),
    [
        (unchanged, SECONDS, BURST, 0),
        (lambda time: None if 1 <= time < 1.5 else time, SECONDS, BURST, 0.5),
        (lambda time: time + (time >= 1), SECONDS + 1, BURST + 1, 1),
        (lambda time: time + 0.01 * (int(100 * time) % 2), SECONDS, BURST, 0),
        (lambda time: time + 1000, SECONDS, BURST, 0),
    ],
    ids=["unchanged", "a gap", "a pause", "jitter", "cut out of a recording"],
)
def test_sound_is_at_its_time(
    tmp_path: Path, name: str, codec: str, times: Times, seconds: float, start: float, filled: float
) -> None:
    facts, song = decode(write(tmp_path / name, codec, times))
    assert facts["seconds"] == pytest.approx(seconds, abs=2 * JITTER)
    assert burst_starts(song) == [pytest.approx(start, abs=JITTER)]
    assert facts["filled_seconds"] == pytest.approx(filled, abs=0.1)  # a FLAC frame has 96 ms


@pictures
def test_sound_that_starts_after_the_picture_is_late(tmp_path: Path, name: str, codec: str) -> None:
    facts, song = decode(write(tmp_path / name, codec, lambda time: time + 2, picture=True))
    assert burst_starts(song) == [pytest.approx(BURST + 2, abs=JITTER)]
    assert facts["filled_seconds"] == pytest.approx(2, abs=JITTER)


@pytest.mark.parametrize(("name", "codec"), [("song.m4a", "aac"), ("song.mov", "pcm_s16le")])
def test_sound_before_time_zero_is_cut_off(tmp_path: Path, name: str, codec: str) -> None:
    facts, song = decode(write(tmp_path / name, codec, lambda time: time - 1))
    assert burst_starts(song) == [pytest.approx(BURST - 1, abs=JITTER)]
    assert facts["seconds"] == pytest.approx(SECONDS - 1, abs=JITTER)


@pytest.mark.parametrize("suffix", [".opus", ".ts", ".mp3"])
def test_joined_files_follow_each_other(tmp_path: Path, suffix: str) -> None:
    codec = {".opus": "libopus", ".ts": "mp2", ".mp3": "libmp3lame"}[suffix]
    once = write(tmp_path / f"song{suffix}", codec).read_bytes()
    (tmp_path / f"twice{suffix}").write_bytes(once + once)
    facts, song = decode(tmp_path / f"twice{suffix}")
    assert burst_starts(song) == [pytest.approx(BURST + start, abs=2 * JITTER) for start in (0, SECONDS)]
    assert facts["filled_seconds"] == 0


def test_a_gap_of_hours_is_not_filled(tmp_path: Path) -> None:
    upload = write(tmp_path / "song.mkv", "flac", lambda time: time + 7200 * (time > 1))
    with pytest.raises(TooLongError):
        decode(upload)
    assert (tmp_path / "decoded.flac").stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("name", "codec", "places"),
    [
        ("song.opus", "libopus", [0.3]),
        ("song.opus", "libopus", [0.98]),
        ("song.ogg", "vorbis", [0.4, 0.7]),
        ("song.flac", "flac", [0.2]),
        ("song.m4a", "aac", [0.2]),
        ("song.ts", "mp2", [0.2]),
        ("song.mp3", "libmp3lame", [0.2]),
    ],
)
def test_damage_does_not_move_what_follows(tmp_path: Path, name: str, codec: str, places: list[float]) -> None:
    if codec == "vorbis":
        soundfile.write(tmp_path / name, burst().T, 48_000, format="OGG", subtype="VORBIS")
    else:
        write(tmp_path / name, codec)
    whole, song = decode(tmp_path / name)
    starts = burst_starts(song)
    facts, song = decode(damage(tmp_path / name, *places))
    assert facts["seconds"] == pytest.approx(whole["seconds"], abs=0.1)
    assert [start for start in burst_starts(song) if start > BURST - 0.1] == [
        pytest.approx(start, abs=0.06) for start in starts
    ]


def test_a_song_of_which_too_much_is_lost_is_corrupt(tmp_path: Path) -> None:
    upload = damage(write(tmp_path / "song.opus", "libopus"), 0.3, 0.6)
    with pytest.raises(UnacceptableError, match="corrupt"):
        decode(upload)


def test_a_truncated_file_is_decoded_up_to_its_end(tmp_path: Path) -> None:
    upload = write(tmp_path / "song.mp3", "libmp3lame")
    upload.write_bytes(upload.read_bytes()[: upload.stat().st_size * 2 // 3])
    assert decode(upload)[0]["seconds"] == pytest.approx(SECONDS * 2 / 3, abs=0.1)


@pytest.mark.parametrize("stated", [None, 1], ids=["stated", "not stated"])
def test_a_song_of_too_many_samples_is_refused(tmp_path: Path, stated: int | None) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(hostile.crowded(seconds=10, stated_samples=stated))
    with pytest.raises(TooManySamplesError):
        decode(upload, max_seconds=10)
    is_refused_early = not (tmp_path / "decoded.flac").stat().st_size
    assert is_refused_early == (stated is None)


def test_a_studio_file_of_half_the_longest_time_is_accepted(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "upload", burst().T, 352_800, format="FLAC")
    seconds = SECONDS * 48_000 / 352_800
    assert decode(tmp_path / "upload", max_seconds=2 * seconds)[0]["seconds"] == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("song.mp3", "libmp3lame"),
        ("song.flac", "flac"),
        ("song.opus", "libopus"),
        ("song.m4a", "aac"),
        ("song.mka", "aac"),
        ("song.wav", "pcm_s16le"),
    ],
)
def test_title_and_artist_are_read(tmp_path: Path, name: str, codec: str) -> None:
    tags = {"title": "Ünder the\n\u202eriver  " + "x" * 400, "artist": "The Ferrymen"}
    facts, _ = decode(write(tmp_path / name, codec, tags=tags))
    assert facts["title"].startswith("Ünder the river xxx")
    assert 250 < len(facts["title"]) <= 300
    assert facts["artist"] == "The Ferrymen"


def test_a_song_without_tags_has_none(tmp_path: Path) -> None:
    facts, _ = decode(write(tmp_path / "song.flac", "flac", tags={"title": " \n", "album": "Nothing"}))
    assert not {"title", "artist", "album"} & facts.keys()


@pytest.mark.parametrize(("name", "codec"), [("song.flac", "flac"), ("song.mka", "aac")])
def test_tags_that_are_not_utf_8_do_not_matter(tmp_path: Path, name: str, codec: str) -> None:
    song = write(tmp_path / name, codec, tags={"title": "Cafe del Mar", "artist": "Nobody"})
    written = song.read_bytes()
    at = written.index(b"Cafe del Mar") + 3
    song.write_bytes(written[:at] + b"\xe9" + written[at + 1 :])  # as in Latin-1
    facts, _ = decode(song)
    assert facts["artist"] == "Nobody"
    assert facts["seconds"] == pytest.approx(SECONDS, abs=2 * JITTER)
