r"""ASS with `\k` tags and UltraStar, which become enhanced LRC."""

import pytest

from shared.errors import PermanentError
from shared.lyrics.subtitles import to_ass
from shared.lyrics.words import Line, Word
from shared.user_lyrics.sung import sung_rows
from shared.user_lyrics.text import normalize
from shared.user_lyrics.timed import Row

HEAD = """[Script Info]
Title: a song
[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: broken,x,y,z
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
ULTRASTAR = """#TITLE:a song
#ARTIST:somebody
#MP3:a.mp3
#BPM:300,00
#GAP:1000
: 0 4 60 Hel
: 4 6 60 lo,
* 20 4 62  world
F 24 4 62 ~
- 40
: 60 2 55 how 
: 64 2 55 are
R 70 2 0  you?
E
"""  # noqa: W291 -- a space behind a syllable ends its word


def rows(text: str) -> list[Row]:
    return sung_rows(normalize(text.encode()))


def event(start: str, end: str, text: str, style: str = "Default", kind: str = "Dialogue") -> str:
    return f"{kind}: 0,0:00:{start},0:00:{end},{style},,0,0,0,,{text}\n"


def test_karaoke_tags_of_ass_are_the_times_of_words() -> None:
    text = HEAD + event("01.00", "04.00", r"{\k50}{\k20}Hel{\k30\i1}lo, {\i0}my {\kf40}world\Nand {\kt250\k20}more")
    found = rows(text)
    assert [(row.text, row.start, row.end) for row in found] == [
        ("Hello, my world", 1.5, 2.4), ("and more", 2.0, 3.7),
    ]  # fmt: skip
    assert [dict(row.marks) for row in found] == [
        pytest.approx({0: 1.5, 3: 1.7, 8: 2.0, 13: 2.4}),
        pytest.approx({0: 2.0, 3: 3.5, 7: 3.7}),
    ]


def test_events_of_ass_without_tags_are_lines_in_order_of_time() -> None:
    text = HEAD + event("04.00", "05.50", r"{\an8}second{\i1}, line") + event("01.00", "03.00", "first")
    text += event("02.00", "03.00", "a remark", kind="Comment") + event("02.00", "03.00", r"{\p1}m 0 0 l 9 9{\p0}")
    assert [(row.text, row.start, row.end) for row in rows(text)] == [("first", 1, 3), ("second, line", 4, 5.5)]


def test_layers_and_translations_of_karaoke_are_left_out() -> None:
    sung = event("01.00", "03.00", r"{\k100}la {\k100}lo", "Sung")
    text = HEAD + sung + sung + event("01.00", "03.00", "a translation", "Small")
    assert [row.text for row in rows(text)] == ["la lo"]


def test_our_own_ass_is_read_as_it_was_written() -> None:
    words = (Word("Hello", 4.0, 4.5, 0.9), Word("world", 5.0, 5.5, 0.9))
    later = (Word("again", 8.0, 8.5, 0.9),)
    found = rows(to_ass([Line(words), Line(later)]))
    assert [row.text for row in found] == ["Hello world", "again"]
    assert [dict(row.marks)[0] for row in found] == pytest.approx([4.0, 8.0], abs=0.02)
    assert dict(found[0].marks)[5] == pytest.approx(5.0, abs=0.02)


def test_ultrastar_gives_lines_of_words_with_times() -> None:
    hello, how = rows(ULTRASTAR)
    assert (hello.text, hello.start, hello.end) == ("Hello, world", 1.0, 2.2)
    assert dict(hello.marks) == pytest.approx({0: 1.0, 3: 1.2, 6: 2.0, 11: 2.2})
    assert (how.text, how.start) == ("how are you?", 4.0)
    assert dict(how.marks) == pytest.approx({0: 4.0, 3: 4.2, 6: 4.5, 10: 4.6})


def test_beats_of_ultrastar_may_count_from_the_start_of_the_line() -> None:
    text = "#BPM:300\n#RELATIVE:YES\n: 0 2 0 la\n- 30 40\n: 10 2 0 lo\n- 20 20\n: 0 2 0 li\nE\n"
    assert [row.start for row in rows(text)] == pytest.approx([0, 2.5, 3.0])


@pytest.mark.parametrize(
    "text",
    [
        "#BPM:300\n: 0 2 0 la\n- 30\nB 40 150\n: 60 2 0 lo\n- 70\nB 80,0 600,0\n: 120 4 0 li\nE\n",
        "#BPM:300\nB 80 600\nB 40 150\n: 0 2 0 la\n- 30\n: 60 2 0 lo\n- 70\n: 120 4 0 li\nE\n",
        "#BPM:300\n#RELATIVE:YES\n: 0 2 0 la\n- 30 40\nB 0 150\n: 20 2 0 lo\n- 30 40\nB 0 600\n: 40 4 0 li\nE\n",
    ],
)
def test_the_tempo_of_ultrastar_may_change_in_the_song(text: str) -> None:
    found = rows(text)
    # 40 beats of 50 ms, 40 of 100 ms, then 25 ms each.
    assert [(row.text, row.start) for row in found] == [
        ("la", 0), ("lo", pytest.approx(2 + 20 * 0.1)), ("li", pytest.approx(2 + 4 + 40 * 0.025)),
    ]  # fmt: skip
    assert found[-1].end == pytest.approx(7.1)


def test_both_singers_of_a_duet_are_read() -> None:
    text = "#BPM:300\nP1\n: 0 2 0 la\n- 10\n: 80 2 0 li\nP2\n: 40 2 0 lo\nE\n"
    assert [(row.text, row.start) for row in rows(text)] == [("la", 0), ("lo", 2), ("li", 4)]


@pytest.mark.parametrize(
    "text",
    [
        "#BPM:0\n: 0 1 0 la\n",
        "#BPM:99999\n#GAP:-99999999\n: -9999999 999999 0 la\n",
        "#BPM:0,000000001\n: 9999999 999999 0 la\n",
        "#BPM:300\nB -9999999 0\nB 9999999 99999\n: 9999999 999999 0 la\n",
        "Dialogue: 0,999:59:59.99,0:00:00.00,,,,,,,{\\k999999}la\n",
        "Dialogue: 0,0:00:00.00,999:59:59.99,,,,,,,{\\kt999999}{\\k0}la\n",
    ],
)
def test_impossible_numbers_do_no_harm(text: str) -> None:
    (row,) = rows(text)
    assert row.text == "la"
    assert row.start is not None
    assert 0 <= row.start <= 3_600_000


@pytest.mark.parametrize(
    "text", ["Dialogue: two people talk\nla la", "#BPM:120\nla la", ": 0 4 60 Hel\nla la", "- 40\nla la"]
)
def test_what_only_resembles_a_karaoke_file_is_text(text: str) -> None:
    assert normalize(text.encode()) == text


def test_a_karaoke_file_is_refused_by_the_length_of_its_words_not_of_its_styles() -> None:
    styles = "Style: Default,Arial,20,&H00FFFFFF,&H000000FF,0,0,0\n" * 600
    assert rows(styles + event("01.00", "02.00", "la"))[0].text == "la"
    with pytest.raises(PermanentError) as refusal:
        rows("#BPM:300\n" + ": 0 1 0 la\n" * 5000)
    assert refusal.value.code == "lyrics_too_long"
