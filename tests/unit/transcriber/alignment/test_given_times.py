"""Times of LRC, subtitles and karaoke files: how they are checked, and how they place the words."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from services.transcriber.alignment.forced_alignment import Aligner
from services.transcriber.alignment.onsets import BIAS_SECONDS
from services.transcriber.alignment.user_lyrics import time_user_lyrics
from services.transcriber.audio import SAMPLE_HZ, Samples, Span
from services.transcriber.text.tokens import tokenize_timed
from shared.events import GivenTimes
from shared.lyrics.words import Line, Word
from tests.unit.transcriber.synth import sung_words

SONG = {
    3.0: "early morning by the water",
    7.0: "I can hear the river say",
    12.0: "every road will bring you home",
    16.0: "if you stay another day",
    22.0: "early morning by the water",
    27.0: "we are waiting for the sun",
}
SECONDS = 40.0
USED = GivenTimes(used=True)
IGNORED = GivenTimes(used=False)


def sung(*missing: float) -> list[Word]:
    """Return what is recognized of the song, without some lines."""
    return [*chain(*(sung_words(text, start=start) for start, text in SONG.items() if start not in missing))]


def lrc(starts: Sequence[float], texts: Sequence[str] = tuple(SONG.values())) -> str:
    return "\n".join(f"[{int(start) // 60:02}:{start % 60:05.2f}]{text}" for start, text in zip(starts, texts))  # noqa: B905 -- too many starts are ignored


def timed(
    text: str,
    heard: Sequence[Word],
    voiced: Sequence[Span] = ((0.0, SECONDS),),
    aligner: Aligner | None = None,
) -> tuple[list[Line], GivenTimes | None]:
    """Align to a song without onsets, in which whisper hears the words early as usual."""
    early = [replace(word, start=max(0.0, word.start - BIAS_SECONDS)) for word in heard]
    silence = np.zeros(int(SECONDS * SAMPLE_HZ), np.float32)
    return time_user_lyrics(
        tokenize_timed(text), early, voiced, silence, language="es", aligner=aligner, report=lambda _: None
    )


def starts(lines: Sequence[Line]) -> list[float]:
    return [line.start for line in lines]


@pytest.mark.parametrize("shift", [0.0, 1.5, -2.5, 12.0])
def test_a_line_that_is_not_recognized_starts_at_its_time_in_this_master_of_the_song(shift: float) -> None:
    lines, times = timed(lrc([start + shift for start in SONG]), sung(7.0))
    assert times
    assert times.used
    assert times.shift == pytest.approx(-shift, abs=0.05)
    assert starts(lines) == pytest.approx([*SONG], abs=0.1)
    assert all(word.estimated and word.end <= 12 for word in lines[1].words)


def test_lines_that_were_cut_off_at_the_start_are_found_again() -> None:
    given = [max(0.0, start - 8) for start in SONG]
    lines, times = timed(lrc(given), sung())
    assert times
    assert times.shift == pytest.approx(8, abs=0.05)
    assert starts(lines) == pytest.approx([*SONG], abs=0.1)


def test_a_chorus_is_not_mistaken_for_another_one() -> None:
    lines, times = timed(lrc([*SONG]), sung(3.0))
    assert times == USED
    assert starts(lines) == pytest.approx([*SONG], abs=0.1)
    assert not any(word.confidence for word in lines[0].words)


@pytest.mark.parametrize(
    "given",
    [
        [0.0] * 6,
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        [start * 1.3 for start in SONG],
        [3.0, 7.0, 12.0, 28.0, 34.0, 39.0],
        [27.0, 3.0, 22.0, 12.0, 7.0, 16.0],
    ],
    ids=["zero", "every second", "slower", "another cut", "scrambled"],
)  # fmt: skip
def test_times_of_another_song_are_ignored(given: list[float]) -> None:
    heard = sung(12.0)
    without, none = timed("\n".join(SONG.values()), heard)
    lines, times = timed(lrc(given), heard)
    assert none is None
    assert times == IGNORED
    assert lines == without


def test_lines_in_disorder_are_sung_as_written_if_nothing_else_is_known() -> None:
    heard = sung(3.0, 7.0, 12.0, 16.0, 27.0)
    without, _ = timed("\n".join(SONG.values()), heard)
    assert timed(lrc([30.0, 20.0, 10.0, 5.0, 35.0, 1.0]), heard) == (without, IGNORED)


def test_a_chorus_with_several_times_is_sung_at_each_of_them_although_the_times_do_not_fit() -> None:
    text = "[00:01][00:02]early morning by the water\n[00:01.5]I can hear the river say\n[00:03]we are waiting"
    heard = [*chain(*(sung_words(text, start=start) for start, text in {
        3.0: "early morning by the water", 9.0: "I can hear the river say",
        20.0: "early morning by the water", 30.0: "we are waiting"}.items()))]  # fmt: skip
    lines, times = timed(text, heard)
    assert times == IGNORED
    assert starts(lines) == pytest.approx([3, 9, 20, 30], abs=0.1)


class LaterAligner:
    """Finds every word 0.3 s later."""

    name = "later"

    def align(self, words: Sequence[Word], samples: Samples, start: float, end: float) -> list[Word]:
        return [replace(word, start=word.start + 0.3, end=word.end + 0.3) for word in words]


def test_the_reported_shift_is_that_of_the_aligned_words() -> None:
    heard = [replace(word, start=word.start - 0.3, end=word.end - 0.3) for word in sung()]
    _, times = timed(lrc([start + 2 for start in SONG]), heard, aligner=LaterAligner())
    assert times
    assert times.shift == pytest.approx(-2, abs=0.05)


def test_jitter_of_people_who_tap_along_is_tolerated() -> None:
    lines, times = timed(lrc([start + off for start, off in zip(SONG, (0.3, -0.3) * 3, strict=True)]), sung(7.0))
    assert times == USED
    assert starts(lines) == pytest.approx([*SONG], abs=0.4)


def test_words_of_a_karaoke_file_have_its_times_if_they_agree_with_the_voice() -> None:
    def marked(shift: float, jitter: float) -> str:
        def line(start: float, text: str) -> str:
            words = sung_words(text, start=start + shift)
            return "".join(
                f"<00:{word.start + jitter * (-1) ** at:05.2f}>{word.text} " for at, word in enumerate(words)
            )

        return lrc([start + shift for start in SONG], [line(*each) for each in SONG.items()])

    inaccurate = [replace(word, start=word.start + 0.07 * (-1) ** at) for at, word in enumerate(sung(7.0))]
    expected = [word.start for word in sung()]
    for shift in (0.0, 1.5):
        lines, _ = timed(marked(shift, 0.0), inaccurate)
        found = [word for line in lines for word in line.words]
        assert [word.start for word in found] == pytest.approx(expected, abs=0.08 if shift else 0.01)
        assert not any(word.estimated for word in found)
    lines, times = timed(marked(0.0, 0.14), sung(7.0))
    assert times == USED
    recognized = [word.start for line in lines for word in line.words if word.confidence]
    assert recognized == pytest.approx([word.start for word in sung(7.0)], abs=0.01)


def test_without_recognized_words_all_lines_have_their_times_and_words_stay_near() -> None:
    lines, times = timed("[00:03]one two three\n[00:07]four five\n[00:09]", [])
    assert times == USED
    assert starts(lines) == pytest.approx([3, 7])
    assert lines[0].end < 7
    assert lines[1].end <= 9


@pytest.mark.parametrize("text", [lrc([0.0] * 6), lrc([3.0, 9.0, 20.0, 50.0, 60.0, 70.0])], ids=["zero", "too late"])
def test_impossible_times_are_ignored_without_recognized_words(text: str) -> None:
    assert timed(text, []) == (timed("\n".join(SONG.values()), [])[0], IGNORED)


def test_the_lines_of_one_cue_share_its_time() -> None:
    lines, _ = timed("00:03.000 --> 00:05.000\none two\nthree four\n\n00:05.000 --> 00:07.000\nfive\n", [])
    assert starts(lines) == pytest.approx([3, 4, 5], abs=0.2)


def test_words_start_where_a_voice_is() -> None:
    lines, _ = timed("[00:03]one two three four\n[00:12]", [], [(3.0, 4.0), (5.5, 7.5)])
    assert [word.start for word in lines[0].words] == pytest.approx([3, 3.63, 5.76, 6.71], abs=0.01)
