"""Beat tracking with onsets of single frames."""

import numpy as np
import pytest

from services.beats.onsets import FPS, Floats
from services.beats.tracking import FASTEST_BPM, SLOWEST_BPM, Frames, has_valid_tempo, tempo, track


def onset_strength(frames: Frames, length: int | None = None, strength: float = 5) -> Floats:
    onsets = np.zeros(length or int(frames[-1]) + 1)
    onsets[frames] = strength
    return onsets


def every(period: float, count: int, first: int = 20) -> Frames:
    return np.asarray(np.rint(first + period * np.arange(count)), np.int64)


@pytest.mark.parametrize("tempo_bpm", [50, 97.3, 140, 214])
def test_even_onsets_are_the_beats(tempo_bpm: float) -> None:
    frames = every(60 * FPS / tempo_bpm, 40)
    assert (track(onset_strength(frames), tempo_bpm) == frames).all()


@pytest.mark.parametrize("asked", [0.9, 1.1])
def test_a_slightly_wrong_tempo_is_corrected(asked: float) -> None:
    frames = every(50, 40)
    assert (track(onset_strength(frames), asked * 60 * FPS / 50) == frames).all()


@pytest.mark.parametrize("drift", [-0.15, 0.15])
def test_a_tempo_that_drifts_is_followed(drift: float) -> None:
    lengths = np.linspace(50 * (1 - drift), 50 * (1 + drift), 60)
    frames = np.rint(20 + np.cumsum(lengths)).astype(np.int64)
    assert (track(onset_strength(frames), 60 * FPS / 50) == frames).all()


def test_beats_continue_through_a_break() -> None:
    frames = every(50, 40)
    heard = np.delete(frames, slice(15, 21))
    assert np.abs(track(onset_strength(heard), 60 * FPS / 50) - frames).max() <= 2


@pytest.mark.parametrize(("asked", "played"), [(270, 330), (46, 38)])
def test_strict_tracking_has_only_intervals_within_the_range(asked: float, played: float) -> None:
    strength = onset_strength(every(60 * FPS / played, 40))
    assert not has_valid_tempo(track(strength, asked))
    lengths = np.diff(track(strength, asked, strict=True)) / FPS
    assert 60 / FASTEST_BPM <= lengths.min() <= lengths.max() <= 60 / SLOWEST_BPM


def test_a_pause_a_cut_and_a_slow_end_do_not_change_the_tempo() -> None:
    lengths = np.full(40, 0.5)
    lengths[12], lengths[25], lengths[36:] = 5, 0.3, (0.6, 0.7, 0.9, 1.2)
    assert tempo(np.cumsum(lengths)) == pytest.approx(2)


def test_the_tempo_of_a_drifting_song_is_that_of_its_middle() -> None:
    assert tempo(np.cumsum(np.linspace(0.4, 0.6, 61))) == pytest.approx(2, rel=0.01)


def test_onsets_between_the_beats_do_not_move_them() -> None:
    frames = every(50, 40)
    strength = onset_strength(frames) + onset_strength(frames[:-1] + 25, len(onset_strength(frames)), 2)
    assert (track(strength, 60 * FPS / 50) == frames).all()


@pytest.mark.parametrize("frames", [1, 3, 60])
def test_short_audio_has_at_most_two_beats(frames: int) -> None:
    found = track(np.ones(frames), 60 * FPS / 50)
    assert 1 <= len(found) <= 2
    assert ((found >= 0) & (found < frames)).all()


def test_beats_of_two_lengths_have_the_tempo_of_one_of_them() -> None:
    assert tempo(np.array([0.0, 1, 2, 5, 8])) == 1
