"""Singing that the voice detector misses, with a fake detector."""

from typing import Any

import numpy as np
import pytest

from services.transcriber.audio import SAMPLE_HZ, Samples, Span
from services.transcriber.recognition.segments import Segment, find_segments
from services.transcriber.recognition.vad_fallback import undetected_singing
from tests.unit.transcriber.synth import singing


def applause(seconds: float = 20) -> Samples:
    return np.random.default_rng(1).normal(0, 0.1, int(seconds * SAMPLE_HZ)).astype(np.float32)


def test_a_span_of_two_seconds_that_the_detector_misses_is_found() -> None:
    (span,) = undetected_singing(singing((1, 6), (10, 15)), [(1, 6)])
    assert span == pytest.approx((10, 15), abs=0.05)


def test_short_spans_that_the_detector_misses_are_ignored() -> None:
    assert undetected_singing(singing((1, 6), (10, 15)), [(1.1, 5.9), (10, 15)]) == []
    assert undetected_singing(singing((1, 6), (10, 11)), [(1, 6)]) == []


def test_applause_silence_and_residue_are_not_singing() -> None:
    assert undetected_singing(applause(), []) == []
    assert undetected_singing(singing(), []) == []
    assert undetected_singing(singing((1, 6), level=0.0005), []) == []
    assert undetected_singing(np.zeros(0, np.float32), []) == []


class Detector:
    """Finds `normal` spans, and `low` ones with the low thresholds."""

    def __init__(self, normal: list[Span], low: list[Span]) -> None:
        self._found = {0.5: normal, 0.1: low}

    @staticmethod
    def preprocess_audio(samples: Samples) -> Samples:
        return samples

    def __call__(self, audio: dict[str, Any]) -> None:
        pass

    def merge_chunks(self, scores: None, seconds: int, *, onset: float, offset: float) -> list[dict[str, Any]]:
        spans = self._found[onset]
        return [{"start": spans[0][0], "end": spans[-1][1], "segments": spans}] if spans else []


def test_missed_singing_is_found_with_low_thresholds() -> None:
    found = find_segments(Detector([(1.0, 6.0)], [(0.9, 6.1), (10.5, 14.5)]), singing((1, 6), (10, 15)))
    assert found == [Segment(1.0, 6.0, ((1.0, 6.0),)), Segment(10.5, 14.5, ((10.5, 14.5),), uncertain=True)]


def test_a_loud_span_is_used_if_low_thresholds_find_nothing() -> None:
    first, second = find_segments(Detector([(1.0, 6.0)], [(1.0, 6.0)]), singing((1, 6), (10, 15)))
    assert (first.uncertain, second.uncertain) == (False, True)
    assert (second.start, second.end) == pytest.approx((10, 15), abs=0.05)


def test_a_missed_span_inside_a_segment_becomes_a_voiced_span_of_it() -> None:
    (segment,) = find_segments(Detector([(1.0, 4.0), (15.0, 18.0)], []), singing((1, 4), (6, 12), (15, 18)))
    assert [span[0] for span in segment.voiced] == pytest.approx([1, 6, 15], abs=0.05)
    assert segment.voiced_seconds == pytest.approx(12, abs=0.1)


def test_no_segment_is_longer_than_whispers_input() -> None:
    found = find_segments(Detector([], []), singing((0, 70), seconds=70))
    assert [round(segment.end - segment.start) for segment in found] == [30, 30, 10]


def test_silence_and_residue_have_no_segments() -> None:
    assert find_segments(Detector([], []), singing()) == []
    assert find_segments(Detector([(1.0, 6.0)], []), singing((1, 6), level=0.0005)) == []


def test_a_segment_is_halved_at_a_rest() -> None:
    assert [half.end for half in Segment(0, 20, ((0, 3), (4, 9), (12, 20))).halves()] == [9, 20]
    assert [half.end for half in Segment(0, 20, ((0, 1), (2, 20))).halves()] == [10, 20]
