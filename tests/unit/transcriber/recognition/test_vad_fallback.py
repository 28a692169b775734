"""Singing that a voice detector drops, on a stand-in for the detector."""

from typing import Any

import numpy as np
import pytest

from services.transcriber.recognition.segments import Clip, clips
from services.transcriber.recognition.vad_fallback import SAMPLE_HZ, Samples, dropped, sounding
from services.transcriber.text.phrasing import Span


def sung(*parts: Span, seconds: float = 20, level: float = 0.2) -> Samples:
    """A buzz at 200 Hz in these parts, and silence."""
    times = np.arange(int(seconds * SAMPLE_HZ)) / SAMPLE_HZ
    inside = sum(((times >= start) & (times < end)).astype(np.float32) for start, end in parts)
    buzz = sum(np.sin(2 * np.pi * 200 * harmonic * times) / harmonic for harmonic in range(1, 8))
    return np.asarray(level * inside * buzz, np.float32)


def applause(seconds: float = 20) -> Samples:
    return np.random.default_rng(1).normal(0, 0.1, int(seconds * SAMPLE_HZ)).astype(np.float32)


def test_a_stretch_of_two_seconds_that_the_detector_drops_is_noticed() -> None:
    (span,) = dropped(sung((1, 6), (10, 15)), [(1, 6)])
    assert span == pytest.approx((10, 15), abs=0.05)


def test_what_it_misses_of_a_voice_it_follows_is_not() -> None:
    assert dropped(sung((1, 6), (10, 15)), [(1.1, 5.9), (10, 15)]) == []
    assert dropped(sung((1, 6), (10, 11)), [(1, 6)]) == []


def test_applause_and_silence_and_residue_are_no_singing() -> None:
    assert dropped(applause(), []) == []
    assert dropped(sung(), []) == []
    assert dropped(sung((1, 6), level=0.0005), []) == []
    assert dropped(np.zeros(0, np.float32), []) == []


def test_loud_is_what_is_loud_for_these_vocals() -> None:
    for level in (0.05, 0.5):
        loud = sounding(sung((0, 10), seconds=20, level=level))
        assert loud[:250].all()
        assert not loud[251:].any()


class Detector:
    """Finds `strict` voices, and `loose` ones where it is asked for less."""

    def __init__(self, strict: list[Span], loose: list[Span]) -> None:
        self._found = {0.5: strict, 0.1: loose}

    @staticmethod
    def preprocess_audio(samples: Samples) -> Samples:
        return samples

    def __call__(self, audio: dict[str, Any]) -> None:
        pass

    def merge_chunks(self, scores: None, seconds: int, *, onset: float, offset: float) -> list[dict[str, Any]]:
        spans = self._found[onset]
        return [{"start": spans[0][0], "end": spans[-1][1], "segments": spans}] if spans else []


def test_dropped_singing_is_found_with_loose_thresholds() -> None:
    found = clips(Detector([(1.0, 6.0)], [(0.9, 6.1), (10.5, 14.5)]), sung((1, 6), (10, 15)))
    assert found == [Clip(1.0, 6.0, ((1.0, 6.0),)), Clip(10.5, 14.5, ((10.5, 14.5),), doubtful=True)]


def test_where_they_find_nothing_either_the_detector_is_passed_by() -> None:
    first, second = clips(Detector([(1.0, 6.0)], [(1.0, 6.0)]), sung((1, 6), (10, 15)))
    assert (first.doubtful, second.doubtful) == (False, True)
    assert (second.start, second.end) == pytest.approx((10, 15), abs=0.05)


def test_a_part_inside_a_clip_is_a_voice_of_that_clip_and_heard_once() -> None:
    (clip,) = clips(Detector([(1.0, 4.0), (15.0, 18.0)], []), sung((1, 4), (6, 12), (15, 18)))
    assert [span[0] for span in clip.voiced] == pytest.approx([1, 6, 15], abs=0.05)
    assert clip.sung == pytest.approx(12, abs=0.1)


def test_no_clip_is_longer_than_whisper_can_hear() -> None:
    found = clips(Detector([], []), sung((0, 70), seconds=70))
    assert [round(clip.end - clip.start) for clip in found] == [30, 30, 10]


def test_nobody_sings_in_silence_or_residue() -> None:
    assert clips(Detector([], []), sung()) == []
    assert clips(Detector([(1.0, 6.0)], []), sung((1, 6), level=0.0005)) == []


def test_a_clip_is_halved_where_its_voice_rests() -> None:
    assert [half.end for half in Clip(0, 20, ((0, 3), (4, 9), (12, 20))).halves()] == [9, 20]
    assert [half.end for half in Clip(0, 20, ((0, 1), (2, 20))).halves()] == [10, 20]
