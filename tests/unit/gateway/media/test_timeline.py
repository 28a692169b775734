from collections.abc import Iterator
from itertools import accumulate

import numpy as np
import pytest
from av import AudioFrame

from services.gateway.media.timeline import TimedFrame, Timeline, TooLongError

HZ = 1000
FRAME = 20
"""Milliseconds, which are samples here."""


def frames(starts: list[float | None], form: str = "s16") -> Iterator[TimedFrame]:
    """Yield frames of 20 ms; all samples of the first one are 1, those of the second 2."""
    kind = np.uint8 if form.startswith("u8") else np.int16
    for number, start in enumerate(starts, 1):
        frame = AudioFrame.from_ndarray(np.full((1, FRAME), number, kind), form, "mono")
        frame.sample_rate = HZ
        yield TimedFrame(frame, start)


def samples(timeline: Timeline, starts: list[float | None], form: str = "s16") -> list[int]:
    """Return the song's samples: the number of each frame, and 0 for silence."""
    return [int(sample) for frame in timeline.continuous(frames(starts, form)) for sample in frame.to_ndarray().ravel()]


def runs(values: list[int]) -> list[tuple[int, int]]:
    """Return (value, length) of each run: `[(1, 20), (0, 80)]` is the first frame and 80 ms of silence."""
    found: list[tuple[int, int]] = []
    for value in values:
        before = found.pop() if found and found[-1][0] == value else (value, 0)
        found.append((value, before[1] + 1))
    return found


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([0, 0.02, 0.04], [(1, 20), (2, 20), (3, 20)]),
        ([0, None, None], [(1, 20), (2, 20), (3, 20)]),
        ([0, 0.12, 0.14], [(1, 20), (0, 100), (2, 20), (3, 20)]),
        ([0.5, 0.52], [(0, 500), (1, 20), (2, 20)]),
        ([0.09, 0.11], [(1, 20), (2, 20)]),
        ([-0.03, -0.01, 0.01], [(2, 10), (3, 20)]),
        ([0, 0.05, 0.03, 0.06], [(1, 20), (2, 20), (3, 20), (4, 20)]),
        ([0, 0.02, 0.04, 0.06, 0.01], [(1, 20), (2, 20), (3, 20), (4, 20)]),
        ([0, 0.1, 0.12, 0.05, 0.13], [(1, 20), (0, 80), (2, 20), (3, 20), (5, 20)]),
        ([5, 5.02, 0, 0.02], [(0, 5000), (1, 20), (2, 20), (3, 20), (4, 20)]),
    ],
    ids=[
        "continuous",
        "no timestamps",
        "a gap",
        "a late start",
        "the delay of a decoder",
        "a negative start",
        "jitter",
        "a repeated frame",
        "an overlap",
        "joined files",
    ],
)
def test_sound_is_placed_at_its_times(starts: list[float | None], expected: list[tuple[int, int]]) -> None:
    assert runs(samples(Timeline(0, 60), starts)) == expected


def test_small_differences_add_up_until_they_are_corrected() -> None:
    starts = list(accumulate([0.0] + [0.025] * 99))  # 5 ms are missing after each frame
    song = samples(Timeline(0, 60), [*starts])
    late = [song.index(number) / HZ - start for number, start in enumerate(starts, 1)]
    assert -0.051 < min(late) < max(late) < 0.001


def test_the_silence_before_the_song_and_in_it_is_counted() -> None:
    timeline = Timeline(0, 60)
    samples(timeline, [1, 1.02, 3.04])
    assert timeline.late_seconds == pytest.approx(1)
    assert timeline.lost_seconds == pytest.approx(2)
    assert timeline.seconds == pytest.approx(3.06)


def test_a_gap_of_hours_is_refused_before_it_is_filled() -> None:
    seen: list[AudioFrame] = []
    with pytest.raises(TooLongError):
        seen.extend(Timeline(0, 60).continuous(frames([0, 7200])))
    assert len(seen) == 1


def test_joined_broadcasts_follow_each_other_directly() -> None:
    timeline = Timeline(100, 60, is_broadcast=True)
    assert runs(samples(timeline, [100, 7200, 7200.02])) == [(1, 20), (2, 20), (3, 20)]


def test_timestamps_that_stand_still_lose_at_most_a_second() -> None:
    assert len(samples(Timeline(0, 60), [0.0] * 200)) >= 200 * FRAME - HZ


def test_silence_of_unsigned_samples_is_their_middle() -> None:
    assert runs(samples(Timeline(0, 60), [0, 0.12], "u8")) == [(1, 20), (128, 100), (2, 20)]


def test_frames_of_planar_stereo_are_cut_in_both_channels() -> None:
    frame = AudioFrame.from_ndarray(np.arange(40, dtype=np.float32).reshape(2, 20), "fltp", "stereo")
    frame.sample_rate = HZ
    (part,) = Timeline(0, 60).continuous(iter([TimedFrame(frame, -0.005)]))
    assert part.to_ndarray().tolist() == [list(range(5, 20)), list(range(25, 40))]
