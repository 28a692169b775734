"""Names of downloads: the song's own, in any script, and safe on any system."""

import re
import unicodedata
from urllib.parse import unquote

import pytest

from services.gateway.file_names import JOINERS, MAX_BYTES, attachment, local_name, shown_name, title


@pytest.mark.parametrize(
    ("song", "name"),
    [
        ("Café del Mar.mp3", "Café del Mar"),
        ("Cafe\u0301.mp3", "Café"),
        ("残酷な天使のテーゼ.flac", "残酷な天使のテーゼ"),
        ("Песня №1.ogg", "Песня №1"),
        ("أغنية.m4a", "أغنية"),
        ("노래.wav", "노래"),
        ("เพลง.opus", "เพลง"),
        ("गीत.3gp", "गीत"),
        ("👩\u200d🎤 🎵.mp3", "👩\u200d🎤 🎵"),
        ("Mr. Brightside", "Mr. Brightside"),
        ("Vol. 1.2", "Vol. 1.2"),
        ('AC/DC: "T.N.T."? <live>|*.mp3', "AC DC T.N.T. live"),
        ("../../etc/passwd", "etc passwd"),
        ("..\\..\\boot.ini", "boot"),
        ("a\u202eb\u2066c\u200fd\ufeff\x00\x7f.mp3", "abcd"),
        ("tab\tline\nend.mp3", "tab line end"),
        ("caf\ufffd.mp3", "caf"),
        ("CON.mp3", "_CON"),
        ("nul", "_nul"),
        ("com1.live.mp3", "_com1.live"),
        ("lpt¹.mp3", "_lpt¹"),
        ("Console.mp3", "Console"),
        (". hidden .mp3", "hidden"),
        ("dots...mp3", "dots"),
        ("", ""),
        (".mp3", ""),
        ("\ufffd\ufffd.mp3", ""),
        ("\ud800.mp3", ""),
    ],
)
def test_a_title_keeps_the_script_and_drops_what_is_unsafe(song: str, name: str) -> None:
    assert title(song) == name


@pytest.mark.parametrize("unit", ["é", "e\u0301\u0302\u0303", "曲", "🎵", "👩\u200d🎤", "👍\U0001f3fd", "क्षि"])
def test_a_long_title_is_cut_between_whole_characters(unit: str) -> None:
    cut = title(unit * 300)
    assert MAX_BYTES - 30 < len(cut.encode()) <= MAX_BYTES
    whole = title(unit)
    assert cut == (whole * 300)[: len(cut)]
    assert cut[-1] not in "\u200c\u200d"


@pytest.mark.parametrize(
    ("song", "path", "name"),
    [
        ("曲.mp3", "/storage/a/song_vocals.wav", "曲_vocals.wav"),
        ("../曲.mp3", "/storage/a/song_vocals.wav", "曲_vocals.wav"),
        ("espresso.mp3", "/storage/a/espresso_vocals.wav", "espresso_vocals.wav"),
        ("song.mp3", "/storage/a/song_lyrics.lrc", "song_lyrics.lrc"),
        ("", "/storage/a/song_beats.json", "song_beats.json"),
    ],
)
def test_the_command_line_saves_under_the_songs_name(song: str, path: str, name: str) -> None:
    assert local_name(song, path) == name


def test_the_header_is_ascii_and_both_names_identify_the_song() -> None:
    for song in ("曲.mp3", 'a"b\\c;d%41.mp3', "naïve.mp3", "🎤.mp3", "\ufffd.mp3", "x" * 5000):
        header = attachment(song, "vocals.wav", "1a2b3c4d-5e6f")
        assert header.isascii()
        match = re.fullmatch(r"attachment; filename=\"([\w.-]+)\"; filename\*=UTF-8''([\w.%~-]+)", header)
        assert match
        assert unquote(match[2]) == f"{title(song) or 'song-1a2b3c4d'}_vocals.wav"
    assert 'filename="song-1a2b3c4d_vocals.wav"' in attachment("曲.mp3", "vocals.wav", "1a2b3c4d-5e6f")
    assert 'filename="song_vocals.wav"' in attachment("song.mp3", "vocals.wav", "1a2b3c4d-5e6f")


def test_no_control_character_is_in_the_name_of_a_download_or_of_a_zips_entry() -> None:
    controls = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp")]
    assert len(controls) > 200
    for char in set(controls) - set(JOINERS):
        name = f"a{char}b{char}\u0301.m{char}p3{char}"
        assert char not in shown_name(name)
        assert char not in title(name)
        assert unquote(attachment(name, "vocals.wav", "1a2b3c4d")).isprintable()
