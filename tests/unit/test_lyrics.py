"""The subtitle formats are read back by FFmpeg, which knows nothing of ours."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.lyrics import Line, Word, to_json, to_lrc, to_srt, to_vtt

SONG = (
    Line((Word("Code", 0.7, 0.95, 0.9), Word("Monkey,", 1.05, 1.33, 0.8))),
    Line((Word("well", 2.0, 2.4, 0.7), Word("-known", 2.4, 2.9, 0.6, estimated=True, spaced=False))),
    Line((Word("猴", 3725.004, 3725.3, 0.5, spaced=False), Word("子", 3725.3, 3726.0, 0.5, spaced=False))),
)


def cues(content: str, path: Path) -> list[tuple[float, float, str]]:
    """(start, end, text) of each cue, seconds."""
    path.write_text(content, encoding="utf-8")
    with av.open(str(path)) as container:
        return [
            (
                float(packet.pts * packet.time_base),
                float((packet.pts + (packet.duration or 0)) * packet.time_base),
                text,
            )
            for packet in container.demux()
            if (text := bytes(packet).decode()) and packet.pts is not None
        ]


@pytest.mark.parametrize(("write", "name"), [(to_srt, "lyrics.srt"), (to_vtt, "lyrics.vtt")])
def test_subtitles_read_back_with_their_times(
    write: Callable[[Sequence[Line]], str], name: str, tmp_path: Path
) -> None:
    read = cues(write(SONG), tmp_path / name)
    assert [re.sub(r"<[\d:.]+>", "", text) for _, _, text in read] == ["Code Monkey,", "well-known", "猴子"]
    assert [start for start, _, _ in read] == pytest.approx([line.start for line in SONG])
    assert [end for _, end, _ in read] == pytest.approx([line.end for line in SONG])


def test_lrc_reads_back_with_its_times(tmp_path: Path) -> None:
    read = [cue for cue in cues(to_lrc(SONG), tmp_path / "lyrics.lrc") if cue[2].strip()]
    assert [start for start, _, _ in read] == pytest.approx([0.7, 2.0, 3725.0])
    assert [re.sub(r"<[\d:.]+>", "", text).strip() for _, _, text in read] == ["Code Monkey,", "well-known", "猴子"]


def test_lrc_times_every_word_and_the_end_of_the_line() -> None:
    assert to_lrc(SONG[:1]) == "[00:00.70]<00:00.70>Code <00:01.05>Monkey, <00:01.33>\n"


def test_lrc_clears_the_screen_in_a_break() -> None:
    assert to_lrc(SONG).splitlines()[2] == "[00:02.90]"
    assert len(to_lrc(SONG[:2]).splitlines()) == 2


def test_vtt_times_every_word_after_the_first() -> None:
    assert "\nCode <00:00:01.050>Monkey,\n" in to_vtt(SONG)


@pytest.mark.parametrize("text", ["<b>me</b>", "Q&A", "-->", "[00:01.00]", "{\\an8}up"])
def test_no_word_is_taken_for_markup(text: str, tmp_path: Path) -> None:
    line = Line((Word("sing", 1.0, 1.5, 1.0), Word(text, 1.5, 2.0, 1.0)))
    assert re.findall(r"\[[^\]]*\]", to_lrc([line])) == ["[00:01.00]"]
    assert re.findall(r"<[^>]*>", to_lrc([line])) == ["<00:01.00>", "<00:01.50>", "<00:02.00>"]
    assert re.findall(r"<[^>]*>", to_vtt([line])) == ["<00:00:01.500>"]
    assert not re.search(r"<[^>]*>|\{[^}]*\}", to_srt([line]))
    for content, name in ((to_vtt([line]), "a.vtt"), (to_srt([line]), "a.srt")):
        assert [(start, end) for start, end, _ in cues(content, tmp_path / name)] == [(1.0, 2.0)]


def test_json_holds_every_word_to_the_millisecond() -> None:
    line = Line((Word("sing", 1.00049, 1.5, 0.98765, estimated=True),))
    assert json.loads(to_json([line], language="en", model="base", alignment="whisper", source="given")) == {
        "language": "en",
        "model": "base",
        "alignment": "whisper",
        "source": "given",
        "lines": [
            {
                "start": 1.0,
                "end": 1.5,
                "text": "sing",
                "words": [{"text": "sing", "start": 1.0, "end": 1.5, "confidence": 0.988, "estimated": True}],
            }
        ],
    }


def test_a_song_without_words_gives_files_without_cues() -> None:
    assert to_vtt([]) == "WEBVTT\n\n"
    assert to_srt([]) == to_lrc([]) == ""
    assert json.loads(to_json([], language=None, model="base", alignment="whisper"))["lines"] == []


@given(st.floats(0, 36_000), st.floats(0.02, 60))
def test_times_never_overflow_their_fields(start: float, length: float) -> None:
    line = Line((Word("sing", start, start + length, 1.0),))
    hours, minutes, seconds, milliseconds = map(int, re.findall(r"\d+", to_srt([line]))[1:5])
    assert minutes < 60
    assert seconds < 60
    assert ((hours * 60 + minutes) * 60 + seconds) + milliseconds / 1000 == pytest.approx(start, abs=0.00051)
    minutes, seconds, hundredths = map(int, re.findall(r"\d+", to_lrc([line]))[:3])
    assert seconds < 60
    assert minutes * 60 + seconds + hundredths / 100 == pytest.approx(start, abs=0.0051)
