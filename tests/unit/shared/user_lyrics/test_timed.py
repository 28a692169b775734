"""Times and markup of LRC, SRT, WebVTT and transcripts."""

import pytest

from shared.user_lyrics.sung import sung_rows
from shared.user_lyrics.text import normalize

CUES = [(0.3, "And so"), (3.25, "ask not"), (8.15, "ask what")]
FORMS = {
    "lrc": "[ti:Title]\n[by:Somebody]\n[00:00.30]And so\n[00:03.25]ask not\n[00:08.15]ask what",
    "lrc in any order": "[00:03.25]ask not\n[00:08.15]ask what\n[00:00.30]And so",
    "lrc with an offset": "[offset:+500]\n[00:00.80]And so\n[00:03.75] ask not\n[00:08.650]ask what",
    "lrc with other separators": "[0:00,30]And so\n[00:03:25]ask not\n[0:00:08.15]ask what",
    "lrc with gaps": "[00:00.30]And so\n[00:02.00]\n[00:03.25]ask not\n[00:08.15]ask what\n[00:11.00]",
    "enhanced lrc": "[00:00.30] <00:00.30> And <00:00.60> so <00:01.00>\n[00:03.25]<00:03.25>ask <00:03.50>not\n"
    "[00:08.15]<00:08.15>ask <00:08.40>what",
    "lrc with times of words": "[00:00.30]And [00:00.60]so[00:01.00]\n[00:03.25]ask [00:03.50]not\n[00:08.15]ask what",
    "lrc with singers": "[00:00.30]F: And so\n[00:03.25]M: ask not\n[00:08.15]D: ask what",
    "lrc with credits": "[00:00.00]Song - Singer\n[00:00.01]作词 : 某人\n[00:00.02]Composed by: Some One\n"
    "[00:00.30]And so\n[00:03.25]ask not\n[00:08.15]ask what",
    "srt": "1\n00:00:00,300 --> 00:00:03,000\nAnd so\n\n2\n00:00:03,250 --> 00:00:07,500\nask not\n\n"
    "3\n00:00:08,150 --> 00:00:10,700\nask what",
    "srt in any order": "2\n00:00:03,250 --> 00:00:07,500\nask not\n\n1\n00:00:00,300 --> 00:00:03,000\nAnd so\n\n"
    "3\n00:00:08,150 --> 00:00:10,700\nask what",
    "srt without empty lines": "1\n00:00:00,300 --> 00:00:03,000\nAnd so\n2\n00:00:03,250 --> 00:00:07,500\nask not\n"
    "3\n00:00:08,150 --> 00:00:10,700\nask what",
    "srt with markup": '1\n00:00:00,300 --> 00:00:03,000\n<font color="#fff"><i>And</i> so</font>\n\n'
    "2\n00:00:03,250 --> 00:00:07,500 X1:1 Y1:2\n{\\an8}♪ ask not ♪\n\n"
    "3\n00:00:08,150 --> 00:00:10,700\n# ask what #\n\n4\n00:00:10,800 --> 00:00:11,000\n[Music]",
    "vtt": "WEBVTT - title\nKind: captions\n\nNOTE a\nremark\n\nSTYLE\n::cue { color: red }\n\nintro\n"
    "00:00.300 --> 00:03.000 align:start position:0%\n<v Somebody>And <c.loud>so</c></v>\n\nNOTE\n\n"
    "00:00:03.250 --> 00:00:07.500\nask <00:00:04.000>not\n\n00:00:08.150 --> 00:00:10.700\n<lang en>ask what</lang>",
    "automatic captions": "WEBVTT\n\n00:00:00.300 --> 00:00:03.000\n \nAnd<00:00:00.500><c> so</c>\n\n"
    "00:00:03.000 --> 00:00:03.010\nAnd so\n \n\n00:00:03.250 --> 00:00:05.000\nAnd so\n"
    "ask<00:00:03.500><c> not</c>\n\n00:00:08.150 --> 00:00:10.700\nask not\nask<00:00:08.500><c> what</c>",
    "sbv": "0:00:00.300,0:00:03.000\nAnd so\n\n0:00:03.250,0:00:07.500\nask not\n\n0:00:08.150,0:00:10.700\nask what",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_lines_in_order_of_time(form: str) -> None:
    rows = sung_rows(FORMS[form])
    assert [row.text for row in rows] == [text for _, text in CUES]
    assert [row.start for row in rows] == pytest.approx([start for start, _ in CUES])


@pytest.mark.parametrize(
    "tag",
    ["[01:02.50]", "[01:02.500]", "[1:02:50]", "[00:01:02.50]", "[ 01:02.50 ]", "[01:02,50]"],
)
def test_every_form_of_a_time_of_lrc_is_read(tag: str) -> None:
    assert [row.start for row in sung_rows(f"{tag}la la\n[01:04]lo lo")] == [62.5, 64]


@pytest.mark.parametrize(
    ("tag", "seconds"), [("[1:5.2]", 65.2), ("[01:5]", 65), ("[1:5:20]", 65.2), ("[0:1:5.25]", 65.25)]
)
def test_seconds_of_lrc_may_have_one_digit(tag: str, seconds: float) -> None:
    first, _ = sung_rows(f"{tag}la <1:6.5>la\n[01:09]lo lo")
    assert first.text == "la la"
    assert first.start == pytest.approx(seconds)
    assert dict(first.marks) == {2: 66.5}


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    text = "\ufeff[ar:Somebody]\r\n[offset: -250]\r\n[00:01.00]la la\r\n[00:02.00]\r\n".encode()
    assert [(row.text, row.start, row.end) for row in sung_rows(normalize(text))] == [("la la", 1.25, 2.25)]


def test_words_have_the_times_of_their_tags_and_lines_end_at_the_last_one() -> None:
    text = (
        "[offset:+100]\n[00:01.10]<00:01.10>Ne<00:01.30>ver <00:01.60>more (x2)<00:02.10>\n"
        "[00:03.10]F: <00:03.10>我<00:03.30>爱<00:03.60>你\n[00:04.10]and [00:04.50]so [00:05.10]"
    )
    rows = sung_rows(text)
    assert [(row.text, row.end) for row in rows] == [("Never more", 2.0), ("我爱你", None), ("and so", 5.0)]
    assert [dict(row.marks) for row in rows] == [
        pytest.approx({0: 1.0, 2: 1.2, 5: 1.5}),
        pytest.approx({0: 3.0, 1: 3.2, 2: 3.5}),
        pytest.approx({3: 4.4, 5: 5.0}),
    ]


def test_subtitles_say_when_a_line_ends() -> None:
    rows = sung_rows("1\n00:00:01,000 --> 00:00:02,500\nla la\nlo lo\n\n2\n00:00:03,000 --> 00:00:04,000\nli li")
    assert [(row.start, row.end) for row in rows] == [(1, 2.5), (1, 2.5), (3, 4)]


def test_a_line_with_several_times_is_sung_several_times() -> None:
    rows = sung_rows("[00:01.00][00:05.00]la la\nand so on\n[00:03.00]lo lo")
    assert [(row.start, row.text) for row in rows] == [
        (1, "la la"), (1, "and so on"), (3, "lo lo"), (5, "la la"), (5, "and so on"),
    ]  # fmt: skip


def test_every_line_of_a_cue_is_a_line_and_a_number_may_be_sung() -> None:
    text = "7\n00:00:01,000 --> 00:00:02,000\n99\nand 100\n\n8\n00:00:03,000 --> 00:00:04,000\n8\n"
    assert [(row.start, row.text) for row in sung_rows(text)] == [(1, "99"), (1, "and 100"), (3, "8")]


@pytest.mark.parametrize(
    "text", ["0:00\nAnd so\n0:03\nask not\n0:08\nask what", "0:00 And so\n0:03 ask not\n(0:08) ask what"]
)
def test_times_of_a_transcript_are_not_sung(text: str) -> None:
    assert [(row.start, row.text) for row in sung_rows(text)] == [(0, "And so"), (3, "ask not"), (8, "ask what")]


@pytest.mark.parametrize(
    "line", ["5:15 the angels have gone", "I <3 you & me", "a < b", "AT&T; me", "We --> are one", "10:4"]
)
def test_what_looks_like_markup_may_be_sung(line: str) -> None:
    assert [row.text for row in sung_rows(f"la la\n{line}\nlo lo")] == ["la la", line, "lo lo"]


def test_html_and_readings_are_resolved() -> None:
    text = "Hello<br>it&#39;s me &amp; you<br/>\n<b>la</b> <ruby>漢<rt>かん</rt></ruby>字"
    assert [row.text for row in sung_rows(text)] == ["Hello", "it's me & you", "la 漢字"]
