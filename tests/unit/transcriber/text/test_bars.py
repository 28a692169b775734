import json
from pathlib import Path

import pytest

from services.transcriber.text.bars import Bars, Place, bars

# Half a second a beat, three in a bar, and one beat of a pick-up.
WALTZ = Bars([1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0], [3, 1, 2, 3, 1, 2, 3])


@pytest.mark.parametrize(
    ("seconds", "place"),
    [
        (1.5, Place(1, 1.0)),
        (2.25, Place(1, 2.5)),
        (3.0, Place(2, 1.0)),
        # a little early is still on the beat
        (2.95, Place(2, 1.0)),
        (1.0, Place(0, 3.0)),
        # the bars go on a little before the first beat and after the last
        (0.5, Place(0, 2.0)),
        (4.5, Place(3, 1.0)),
        (4.75, Place(3, 1.5)),
    ],
)
def test_a_moment_has_its_bar_and_its_beat_in_quarters(seconds: float, place: Place) -> None:
    assert WALTZ.at(seconds) == place


@pytest.mark.parametrize("seconds", [-1.0, 6.0])
def test_far_from_every_beat_there_is_no_bar(seconds: float) -> None:
    assert WALTZ.at(seconds) is None


def test_a_bar_may_have_a_beat_more_and_a_tempo_that_changes() -> None:
    uneven = Bars([0.0, 1.0, 2.0, 2.5, 3.0, 3.5], [1, 2, 1, 2, 3, 1])
    assert [uneven.at(time) for time in (1.0, 2.0, 2.75, 3.5)] == [
        Place(1, 2.0),
        Place(2, 1.0),
        Place(2, 2.5),
        Place(3, 1.0),
    ]


def written(folder: Path, beats: object) -> Path:
    file = folder / "beats.json"
    file.write_text(json.dumps({"beats": beats}))
    return file


def test_the_beat_trackers_file_is_read(tmp_path: Path) -> None:
    found = bars(written(tmp_path, [{"time": 0.5, "position": 1}, {"time": 1.0, "position": 2}]))
    assert found
    assert found.at(1.0) == Place(1, 2.0)


@pytest.mark.parametrize("beats", [[], [{"time": 1.0, "position": 1}], [{"time": 1.0, "position": None}] * 3])
def test_without_bars_nothing_is_said_of_them(tmp_path: Path, beats: object) -> None:
    assert bars(written(tmp_path, beats)) is None
    assert bars(tmp_path / "missing.json") is None
