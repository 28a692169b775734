"""The chord of each bar."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from services.beats.chords import Chord, chords
from services.beats.tones import tones
from tests.song import score
from tests.unit.beats.synth import HZ, NOT_MUSIC, Samples, drums, load, played

BAR = 2.0
SONG = Path(score.__file__).parent
SONGS = (
    ("C", "Am", "F", "G7"),
    ("Em", "C", "G", "D"),
    ("Bbm", "Ebm", "F7", "Bbm"),
    ("A", "E7", "F#m", "D"),
    ("Ab", "Db", "Eb7", "Ab"),
)


def found(samples: Samples, bars: int) -> tuple[Chord, ...]:
    return chords(tones(samples, HZ), [BAR * number for number in range(bars + 1)])


def labels(found: Sequence[Chord]) -> list[str]:
    return [chord.label for chord in found]


@pytest.mark.parametrize("song", SONGS, ids="-".join)
@pytest.mark.parametrize("cents", [-30, 0, 15])
def test_each_bar_has_its_chord(song: tuple[str, ...], cents: float) -> None:
    assert labels(found(played(song, BAR, cents), len(song))) == list(song)


@pytest.mark.parametrize("song", SONGS, ids="-".join)
def test_drums_do_not_change_the_chords(song: tuple[str, ...]) -> None:
    samples = played(song, BAR)
    assert labels(found(samples + drums(len(samples) / HZ), len(song))) == list(song)


def test_a_bar_with_two_chords_gets_the_longer_one() -> None:
    longer, shorter = played(["F"], 1.5), played(["C"], 0.5)
    song = np.concatenate([played(["C"], BAR), longer, shorter, played(["C"], BAR)])
    heard = found(song, 3)
    assert labels(heard) == ["C", "F", "C"]
    assert heard[1].confidence < heard[0].confidence


def test_a_bar_without_notes_has_no_chord() -> None:
    rest, break_ = np.zeros(round(BAR * HZ), np.float32), drums(BAR)
    song = np.concatenate([played(["D", "G"], BAR), rest, played(["A"], BAR), break_, played(["D"], BAR)])
    assert labels(found(song, 6)) == ["D", "G", "N", "A", "N", "D"]


def test_bars_after_the_end_have_no_chord() -> None:
    assert labels(found(played(["C", "G"], BAR), 4)) == ["C", "G", "N", "N"]


@pytest.mark.parametrize("samples", NOT_MUSIC.values(), ids=NOT_MUSIC)
def test_audio_without_music_has_no_chords(samples: Samples) -> None:
    assert set(labels(found(samples, 5))) == {"N"}


def test_the_chords_of_the_sample_song_are_found() -> None:
    song = load(SONG / "river_town.ogg")
    bars = [score.seconds(bar * score.BEATS_PER_BAR) for bar in range(len(score.BARS) + 1)]
    right = [found == true for found, true in zip(labels(chords(tones(song, HZ), bars)), score.BARS, strict=True)]
    assert sum(right) >= 0.9 * len(right)


def test_chords_fill_their_bars() -> None:
    bars = [0.5, 2.5, 4.25, 6.25]
    heard = chords(tones(played(["C", "F", "G"], BAR), HZ), bars)
    assert [(chord.start, chord.end) for chord in heard] == [(0.5, 2.5), (2.5, 4.25), (4.25, 6.25)]
    assert all(0 <= chord.confidence <= 1 for chord in heard)


@pytest.mark.parametrize("bars", [[], [1.0]])
def test_without_bars_there_are_no_chords(bars: list[float]) -> None:
    assert chords(tones(played(["C"]), HZ), bars) == ()
