from services.transcriber.audio import loud_frames, uncovered
from tests.unit.transcriber.synth import singing


def test_loud_frames_are_relative_to_the_level_of_the_vocals() -> None:
    for level in (0.05, 0.5):
        loud = loud_frames(singing((0, 10), seconds=20, level=level))
        assert loud[:250].all()
        assert not loud[251:].any()


def test_voiced_spans_without_phrases_are_uncovered() -> None:
    phrases = [(1.0, 4.0), (7.0, 9.5)]
    assert uncovered([(0.5, 12.0)], phrases) == [(4.0, 7.0), (9.5, 12.0)]
    assert uncovered([(0.0, 12.0)], []) == [(0.0, 12.0)]


def test_short_gaps_between_phrases_are_ignored() -> None:
    assert uncovered([(0.0, 10.0)], [(0.5, 4.0), (5.5, 9.0)]) == []
    assert uncovered([(0.0, 4.0), (20.0, 23.0)], [(0.0, 4.5), (19.0, 24.0)]) == []


def test_phrases_may_overlap_each_other_and_the_edges_of_a_voiced_span() -> None:
    assert uncovered([(2.0, 10.0)], [(1.0, 3.0), (2.5, 3.5), (6.0, 11.0)]) == [(3.5, 6.0)]
