import json
from pathlib import Path

import pytest

from shared.rhythm.bars import BarPosition, Bars, bars, read_bars, with_places
from shared.rhythm.metre import Metre

# Half a second per beat, three beats per bar, and a pick-up of one beat.
WALTZ = Bars([1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0], [3, 1, 2, 3, 1, 2, 3])


@pytest.mark.parametrize(
    ("seconds", "position"),
    [
        (1.5, BarPosition(1, 1.0)),
        (2.25, BarPosition(1, 2.5)),
        (3.0, BarPosition(2, 1.0)),
        # slightly early counts as on the beat
        (2.95, BarPosition(2, 1.0)),
        (1.0, BarPosition(0, 3.0)),
        # bars are extrapolated before the first beat and after the last
        (0.5, BarPosition(0, 2.0)),
        (4.5, BarPosition(3, 1.0)),
        (4.75, BarPosition(3, 1.5)),
    ],
)
def test_a_time_has_a_bar_and_a_beat_in_quarters(seconds: float, position: BarPosition) -> None:
    assert WALTZ.position(seconds) == position


@pytest.mark.parametrize("seconds", [-1.0, 6.0])
def test_far_from_all_beats_there_is_no_position(seconds: float) -> None:
    assert WALTZ.position(seconds) is None


def test_bars_may_differ_in_length_and_tempo() -> None:
    uneven = Bars([0.0, 1.0, 2.0, 2.5, 3.0, 3.5], [1, 2, 1, 2, 3, 1])
    assert [uneven.position(time) for time in (1.0, 2.0, 2.75, 3.5)] == [
        BarPosition(1, 2.0),
        BarPosition(2, 1.0),
        BarPosition(2, 2.5),
        BarPosition(3, 1.0),
    ]


def written(folder: Path, beats: object) -> Path:
    file = folder / "beats.json"
    file.write_text(json.dumps({"beats": beats}))
    return file


def test_the_file_of_the_beat_tracker_is_read(tmp_path: Path) -> None:
    found = read_bars(written(tmp_path, [{"time": 0.5, "position": 1}, {"time": 1.0, "position": 2}]))
    assert found
    assert found.position(1.0) == BarPosition(1, 2.0)


@pytest.mark.parametrize("beats", [[], [{"time": 1.0, "position": 1}], [{"time": 1.0, "position": None}] * 3])
def test_a_file_without_bars_gives_none(tmp_path: Path, beats: object) -> None:
    assert read_bars(written(tmp_path, beats)) is None
    assert read_bars(tmp_path / "missing.json") is None


def test_lines_of_lyrics_get_the_bars_of_other_beats() -> None:
    lyrics = {"language": "en", "lines": [{"start": 1.0, "bar": 7, "beat": 7.0, "text": "la"}]}
    beats = {"beats": [{"time": 0.5, "position": 1}, {"time": 1.0, "position": 2}]}
    assert with_places(lyrics, beats) == {
        "language": "en",
        "lines": [{"start": 1.0, "bar": 1, "beat": 2.0, "text": "la"}],
    }
    assert with_places(lyrics, {"beats": []})["lines"][0]["bar"] is None


def test_each_bar_has_the_time_signature_of_its_beats() -> None:
    positions = [4, 1, 2, 3, 4, 1, 2, 1, 2, 3, 1, 2]
    found = bars(list(range(12)), positions, Metre(3, "quarter"))
    assert [bar["start"] for bar in found] == [1, 5, 7, 10]
    assert [bar["time_signature"] for bar in found] == ["4/4", "2/4", "3/4", "3/4"]


def test_beats_without_bars_have_none() -> None:
    assert bars([0.5, 1.0], [None, None], Metre(4, "quarter")) == []
