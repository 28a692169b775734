from pathlib import Path

import numpy as np
import pytest
import soundfile

from services.transcriber.audio import SAMPLE_HZ, Samples, loud_frames, read, uncovered
from tests.unit.transcriber.synth import singing

VOICE = singing((1, 3), seconds=4)


@pytest.mark.parametrize("right", [VOICE, -VOICE, 0 * VOICE], ids=["in phase", "inverted", "silent"])
def test_a_voice_is_read_whatever_its_phase(right: Samples, tmp_path: Path) -> None:
    stereo = np.stack([VOICE, right], axis=1)
    soundfile.write(tmp_path / "song.flac", stereo, SAMPLE_HZ)
    found = read(tmp_path / "song.flac")
    assert found.shape == VOICE.shape
    assert found.std() == pytest.approx(np.sqrt(np.square(stereo).mean()), rel=0.02)
    assert loud_frames(found).sum() == pytest.approx(50, abs=1)


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
