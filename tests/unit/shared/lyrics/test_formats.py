"""Lyrics formats, read back with independent readers: FFmpeg and pysubs2."""

import html
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import av
import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.text.tokens import tokenize
from shared.events import GivenTimes
from shared.lyrics import formats
from shared.lyrics.document import as_line, lines_of, to_json
from shared.lyrics.lrc import to_elrc, to_lrc
from shared.lyrics.review import Source
from shared.lyrics.subtitles import to_ass, to_srt, to_vtt
from shared.lyrics.words import Line, Metadata, Word
from shared.rhythm.bars import Bars

METADATA = Metadata(language="en", model="base", alignment="whisper", source="heard")
SONG = (
    Line((Word("Code", 0.7, 0.95, 0.9), Word("Monkey,", 1.05, 1.33, 0.8))),
    Line((Word("well", 2.0, 2.4, 0.7), Word("-known", 2.4, 2.9, 0.6, estimated=True, spaced=False))),
    Line((Word("猴", 3725.004, 3725.3, 0.5, spaced=False), Word("子", 3725.3, 3726.0, 0.5, spaced=False))),
)


def cues(content: str, path: Path) -> list[tuple[float, float, str]]:
    """Return (start, end, text) of each cue, in seconds."""
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
def test_subtitles_have_the_times_of_the_lines(
    write: Callable[[Sequence[Line]], str], name: str, tmp_path: Path
) -> None:
    read = cues(write(SONG), tmp_path / name)
    assert [re.sub(r"<[\d:.]+>", "", text) for _, _, text in read] == ["Code Monkey,", "well-known", "猴子"]
    assert [start for start, _, _ in read] == pytest.approx([line.start for line in SONG])
    assert [end for _, end, _ in read] == pytest.approx([line.end for line in SONG])


@pytest.mark.parametrize("write", [to_lrc, to_elrc])
def test_lrc_has_the_times_of_the_lines(write: Callable[[Sequence[Line]], str], tmp_path: Path) -> None:
    read = [cue for cue in cues(write(SONG), tmp_path / "lyrics.lrc") if cue[2].strip()]
    assert [start for start, _, _ in read] == pytest.approx([0.7, 2.0, 3725.0])
    assert [re.sub(r"<[\d:.]+>", "", text).strip() for _, _, text in read] == ["Code Monkey,", "well-known", "猴子"]


def test_plain_lrc_has_only_one_time_per_line() -> None:
    assert to_lrc(SONG[:1]) == "[00:00.70]Code Monkey,\n"


def test_enhanced_lrc_has_a_time_for_every_word_and_the_end_of_the_line() -> None:
    assert to_elrc(SONG[:1]) == "[00:00.70]<00:00.70>Code <00:01.05>Monkey, <00:01.33>\n"


@pytest.mark.parametrize("write", [to_lrc, to_elrc])
def test_lrc_clears_the_screen_in_a_break(write: Callable[[Sequence[Line]], str]) -> None:
    assert write(SONG).splitlines()[2] == "[00:02.90]"
    assert len(write(SONG[:2]).splitlines()) == 2


def test_vtt_has_a_time_for_every_word_after_the_first() -> None:
    assert "\nCode <00:00:01.050>Monkey,\n" in to_vtt(SONG)


def sung(content: str) -> list[pysubs2.SSAEvent]:
    return [event for event in pysubs2.SSAFile.from_string(content, "ass") if event.style == "Sung"]


def fills(event: pysubs2.SSAEvent) -> list[tuple[float, float]]:
    """Return start and end of the fill of each word, in seconds."""
    now, found = event.start / 10, []
    for kind, length in re.findall(r"\{\\(kf?)(\d+)\}", event.text):
        if kind == "kf":
            found.append((now / 100, (now + int(length)) / 100))
        now += int(length)
    assert now == event.end / 10
    return found


def test_ass_fills_every_word_while_it_is_sung() -> None:
    events = sung(to_ass(SONG))
    assert [event.plaintext for event in events] == ["Code Monkey,", "well-known", "猴子"]
    for line, event in zip(SONG, events, strict=True):
        for word, (start, end) in zip(line.words, fills(event), strict=True):
            assert (start, end) == pytest.approx((word.start, word.end), abs=0.0051)


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ("שלום עולם", ["k", "k"]),
        ("حبيبي يا نور", ["k", "k", "k"]),
        ("שלום facebook עולם", ["k", "kf", "k"]),
        ("sing שיר louder", ["kf", "k", "kf"]),
        ("ב-Facebook 2024 ٢٠٢٤", ["k", "kf", "kf"]),
        ("گل ܫܠܡܐ ދިވެހި ߒߞߏ", ["k", "k", "k", "k"]),
        ("猴 नमस्ते สวัสดี", ["kf", "kf", "kf"]),
    ],
)
def test_ass_never_fills_a_right_to_left_word_from_its_end(words: str, tags: list[str]) -> None:
    line = Line(tuple(Word(text, at, at + 1.0, 1.0) for at, text in enumerate(words.split())))
    (event,) = sung(to_ass([line]))
    assert event.plaintext == words
    assert re.findall(r"\\(kf?)100\}", event.text) == tags


def test_ass_shows_a_line_before_it_is_sung_and_the_next_line_below() -> None:
    file = pysubs2.SSAFile.from_string(to_ass(SONG), "ass")
    assert [(event.start, event.end) for event in sung(to_ass(SONG))] == [(0, 1330), (1330, 2900), (3722000, 3726000)]
    coming = [event for event in file if event.style == "Next"]
    assert [(event.start, event.end, event.plaintext) for event in coming] == [(0, 1330, "well-known")]
    assert file.styles["Sung"].alignment == pysubs2.Alignment.BOTTOM_CENTER


MARKUP = [
    "<b>me</b>",
    "Q&A",
    "-->",
    "[00:01.00]",
    "{\\an8}up",
    "a,b;c",
    "\\Nnew\\hline",
    "{\\p1}",
    "two\nlines\u2028three",
]


@pytest.mark.parametrize("text", MARKUP)
def test_words_never_become_markup(text: str, tmp_path: Path) -> None:
    line = Line((Word("sing", 1.0, 1.5, 1.0), Word(text, 1.5, 2.0, 1.0)))
    assert re.findall(r"\[[^\]]*\]", to_lrc([line])) == ["[00:01.00]"]
    assert re.findall(r"<[^>]*>", to_lrc([line])) == []
    assert re.findall(r"<[^>]*>", to_elrc([line])) == ["<00:01.00>", "<00:01.50>", "<00:02.00>"]
    assert len(to_lrc([line]).splitlines()) == len(to_elrc([line]).splitlines()) == 1
    assert re.findall(r"<[^>]*>", to_vtt([line])) == ["<00:00:01.500>"]
    assert not re.search(r"<[^>]*>|\{[^}]*\}", to_srt([line]))
    (event,) = sung(to_ass([line]))
    assert re.findall(r"\{[^}]*\}", event.text) == [r"{\k100}", r"{\kf50}", r"{\kf50}"]
    assert "\n" not in event.plaintext
    for content, name in ((to_vtt([line]), "a.vtt"), (to_srt([line]), "a.srt")):
        assert [(start, end) for start, end, _ in cues(content, tmp_path / name)] == [(1.0, 2.0)]


@pytest.mark.parametrize("text", ["naïve", "שלום, עולם", "\u200fمرحبا", "歌詞、です", "Q&A", "a,b", "🎤", "C:\\Nada"])
def test_words_of_every_script_are_preserved(text: str, tmp_path: Path) -> None:
    lines = [Line((Word(text, 1.0, 2.0, 1.0),))]
    formats.write(tmp_path, lines, METADATA)
    seen = [
        sung((tmp_path / "lyrics.ass").read_text("utf-8"))[0].plaintext,
        pysubs2.load(str(tmp_path / "lyrics.srt"))[0].plaintext,
        html.unescape(pysubs2.load(str(tmp_path / "lyrics.vtt"))[0].plaintext),
        (tmp_path / "lyrics.txt").read_text("utf-8").removesuffix("\n"),
        (tmp_path / "lyrics.lrc").read_text("utf-8").removesuffix("\n").removeprefix("[00:01.00]"),
        json.loads((tmp_path / "lyrics.json").read_text("utf-8"))["lines"][0]["text"],
    ]
    assert {line.replace("\N{WORD JOINER}", "") for line in seen} == {text}


SCRIPTS = ["你好，世界", "夜空に咲く 花火", "ฉันรัก เธอ", "사랑 했나봐", "愛してるbaby tonight", "שלום עולם", "re-do it"]


@pytest.mark.parametrize("text", SCRIPTS)
def test_no_format_adds_a_space_that_is_not_written(text: str, tmp_path: Path) -> None:
    (words,) = tokenize(text)
    line = Line(tuple(replace(word, start=at, end=at + 1.0) for at, word in enumerate(words, 1)))
    formats.write(tmp_path, [line], METADATA)

    def content(form: str) -> str:
        return (tmp_path / f"lyrics.{form}").read_text("utf-8")

    seen = {
        "json": json.loads(content("json"))["lines"][0]["text"],
        "txt": content("txt"),
        "lrc": re.sub(r"\[[\d:.]+\]", "", content("lrc")),
        "srt": pysubs2.SSAFile.from_string(content("srt"))[0].plaintext,
        "vtt": re.sub(r"<[\d:.]+>", "", content("vtt")).rstrip().splitlines()[-1],
        "ass": sung(content("ass"))[0].plaintext,
    }
    assert {form: shown.rstrip("\n") for form, shown in seen.items()} == dict.fromkeys(seen, text)
    enhanced = re.sub(r"[\[<][\d:.]+[\]>]", "", content("elrc"))
    assert enhanced == text + " " * words[-1].spaced + "\n"


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("Code Monkey", "ltr"), ("夜空", "ltr"), ("ฉันรัก", "ltr"), ("«שלום» hello", "rtl"), ("مرحبا", "rtl"),
        ("1, 2, گل", "rtl"), ("hello שלום", "ltr"), ("ދިވެހި", "rtl"), ("1 2 3", "ltr"), ("♪", "ltr"),
    ],
)  # fmt: skip
def test_a_line_has_the_direction_of_its_first_letter(text: str, direction: str) -> None:
    document = json.loads(to_json([Line((Word(text, 1.0, 2.0, 1.0),))], METADATA))
    assert document["lines"][0]["dir"] == direction


def test_all_formats_are_written_and_words_are_counted(tmp_path: Path) -> None:
    result = formats.write(tmp_path, SONG, replace(METADATA, language_probability=0.98765))
    names = {"lyrics.json", "lyrics.txt", "lyrics.lrc", "lyrics.elrc", "lyrics.srt", "lyrics.vtt", "lyrics.ass"}
    assert {file.name for file in tmp_path.iterdir()} == names
    assert {result.transcription, result.lrc, result.srt, result.vtt} < names
    assert result.word_count == 6
    assert result.language_probability == 0.988
    assert (tmp_path / "lyrics.txt").read_text("utf-8") == "Code Monkey,\nwell-known\n猴子\n"


def test_json_contains_every_word_with_milliseconds() -> None:
    line = Line((Word("sing", 1.00049, 1.5, 0.98765, estimated=True),))
    metadata = Metadata(
        language="en", model="base", alignment="pocketsphinx", source="given", language_probability=0.98765
    )
    assert json.loads(to_json([line], metadata, Bars([0.25, 0.75, 1.25], [4, 1, 2]))) == {
        "language": "en",
        "language_probability": 0.988,
        "model": "base",
        "alignment": "pocketsphinx",
        "source": "given",
        "corrected": False,
        "partial": False,
        "note": None,
        "review": pytest.approx(0.5, abs=0.5),
        "doubtful_line_count": 0,
        "lines": [
            {
                "start": 1.0,
                "end": 1.5,
                "text": "sing",
                "dir": "ltr",
                "confidence": 0.988,
                "bar": 1,
                "beat": 1.5,
                "review": pytest.approx(0.5, abs=0.5),
                "doubtful": False,
                "words": [
                    {
                        "text": "sing",
                        "start": 1.0,
                        "end": 1.5,
                        "confidence": 0.988,
                        "estimated": True,
                        "origin": "estimated",
                        "spaced": True,
                        "doubtful": False,
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize("source", ["heard", "given"])
def test_a_word_says_where_it_comes_from_and_whether_its_time_is_a_guess(source: Source) -> None:
    document = json.loads(to_json(SONG[1:2], replace(METADATA, source=source)))
    assert [word["origin"] for word in document["lines"][0]["words"]] == [source, "estimated"]


def test_formats_made_of_the_json_are_those_that_the_transcriber_writes() -> None:
    lines = [as_line(words) for words in lines_of(json.loads(to_json(SONG, METADATA)))]
    for form, write in formats.PLAYABLE.items():
        assert write(lines) == write(SONG), form


def test_a_song_without_words_has_files_without_cues() -> None:
    assert to_vtt([]) == "WEBVTT\n\n"
    assert to_srt([]) == to_lrc([]) == to_elrc([]) == ""
    assert len(pysubs2.SSAFile.from_string(to_ass([]), "ass")) == 0
    document = json.loads(to_json([], METADATA))
    assert (document["lines"], document["note"]) == ([], "No words were heard: this seems to be an instrumental.")


def test_a_line_has_the_mean_confidence_of_its_words_and_no_bar_without_beats() -> None:
    line = json.loads(to_json(SONG[1:2], METADATA))["lines"][0]
    assert (line["confidence"], line["bar"], line["beat"]) == (0.65, None, None)


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


@pytest.mark.parametrize(
    ("times", "note"),
    [
        (None, None),
        (GivenTimes(used=True), None),
        (GivenTimes(used=True, shift=-1.52), "The times of your lyrics were 1.5 s late for this song and were moved."),
        (GivenTimes(used=False), "The times of your lyrics do not fit this song and were not used."),
    ],
)
def test_the_use_of_given_times_is_noted(times: GivenTimes | None, note: str | None, tmp_path: Path) -> None:
    lyrics = formats.write(tmp_path, SONG, replace(METADATA, source="given", given_times=times))
    assert json.loads((tmp_path / "lyrics.json").read_text())["note"] == note
    assert ("given_times" in lyrics.model_dump()) == (times is not None)  # services of 0.1.0 know no such field
