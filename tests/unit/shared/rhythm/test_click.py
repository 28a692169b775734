import wave
from array import array
from pathlib import Path

import pytest

from shared.rhythm.click import BEAT, DOWNBEAT, HZ, pcm, write_wav


def samples(times: list[float], positions: list[int | None], count: int) -> "array[int]":
    return array("h", b"".join(pcm(times, positions, count)))


def test_each_click_starts_at_its_beat_and_the_track_is_as_long_as_the_song() -> None:
    track = samples([0.5, 1.0], [1, 2], 3 * HZ + 7)
    assert len(track) == 3 * HZ + 7
    assert not any(track[: HZ // 2])
    assert track[HZ // 2 : HZ // 2 + 1323] == array("h", DOWNBEAT)
    assert track[HZ : HZ + 1323] == array("h", BEAT)
    assert not any(track[HZ + 1323 :])
    assert (track[HZ // 2], track[HZ]) == (round(0.8 * 32_767), round(0.4 * 32_767))


@pytest.mark.parametrize("count", [0, 1, HZ // 2, HZ // 2 + 100])
def test_a_song_may_end_before_a_beat_or_within_its_click(count: int) -> None:
    assert len(samples([0.5, 0.51, 9.0], [1, None, 2], count)) == count


def test_a_file_has_the_same_samples(tmp_path: Path) -> None:
    write_wav(tmp_path / "click.wav", [0.1], [1], HZ)
    with wave.open(str(tmp_path / "click.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (HZ, 1, HZ)
        assert array("h", file.readframes(HZ)) == samples([0.1], [1], HZ)
