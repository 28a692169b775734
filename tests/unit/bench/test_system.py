"""Figures of the whole system: what is made of what was measured, and what measures it."""

import io
import wave

import pytest
from matplotlib.figure import Figure as Picture

from bench import crowd
from bench.figures import memory, scale, song
from bench.race import _medians

SCALED = {
    "task_seconds": 1,
    "tasks_per_second": {"1": [1.0, 0.9, 1.1], "2": [2.0], "4": [3.6], "8": [8.0]},
    "folded_per_second": {"1": [1000.0], "2": [1500.0], "3": [1600.0]},
    "backlog": {
        "submitted_per_second": 900,
        "megabytes_before": {"status": 80.0, "RabbitMQ": 100.0},
        "megabytes_after": {"status": 90.0, "RabbitMQ": 130.0, "separator": 70.0},
        "poll_p50_ms": 3.0,
        "poll_p99_ms": 9.0,
        "snapshot_seconds": 0.4,
        "workers": 4,
        "drained_per_second": 60.0,
    },
}
HELD = {
    "with_models_megabytes": {
        "idle": {"gateway": 70.0, "status": 80.0},
        "at work, at most": {"gateway": 75.0, "gateway, children": 40.0, "status": 90.0},
        "after": {"gateway": 75.0, "status": 85.0},
    },
    "after_jobs_megabytes": {"50": {"status": 80.0}, "200": {"status": 88.0}},
    "uploads_megabytes": [120.0, 160.0, 130.0],
}
RACED = {
    "seconds": {"ours": [10.0, 11.0], "limit": [10.0, 10.0], "commands": [40.0]},
    "our_parts_seconds": {"upload": 0.3},
    "program_seconds": {"demucs": 20.0},
}
SANG = {
    "clip_seconds": song.SECONDS,
    song.EMBEDDED: RACED,
    song.FULL: RACED,
    "queue": {"songs": 10, "span_seconds": 50.0, "busy_seconds": 49.0},
}


def test_workers_that_get_in_each_others_way_miss_the_goal() -> None:
    assert [goal.met for goal in scale.goals(SCALED)] == [True, False, True]


def test_what_is_there_only_at_work_has_a_row_of_its_own() -> None:
    picture = Picture()
    memory.plot(HELD, picture)
    (axes,) = picture.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["gateway", "gateway, children", "status"]
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert widths == [[70, 0, 80], [75, 40, 90], [75, 0, 85]]
    assert "gateway, children" in memory.table(HELD)


def test_growth_is_that_of_the_service_that_grows_most() -> None:
    growth, uploads = memory.goals(HELD)
    assert growth.value == pytest.approx(1.1)
    assert not growth.met
    assert (uploads.value, uploads.met) == (130.0, True)


def test_a_song_is_compared_round_by_round_with_those_that_took_part() -> None:
    limit, commands, full, busy = song.goals(SANG)
    assert limit.value == pytest.approx(1.05)
    assert commands.value == pytest.approx(0.25)
    assert full.value == limit.value
    assert busy.value == pytest.approx(98)


@pytest.mark.parametrize(("figure", "measured"), [(scale, SCALED), (memory, HELD), (song, SANG)])
def test_a_figure_has_a_table_and_a_plot(figure: object, measured: dict[str, object]) -> None:
    picture = Picture()
    figure.plot(measured, picture)  # type: ignore[attr-defined] # a module
    assert picture.axes
    assert "---" in figure.table(measured)  # type: ignore[attr-defined] # a module, as a parameter


async def test_a_large_upload_is_a_song_of_two_seconds_and_as_long_as_it_says() -> None:
    class Nobody:
        async def wait(self) -> None:
            """All are half way at once."""

    body = b"".join([piece async for piece in crowd._body(1_000_000, Nobody())])  # type: ignore[arg-type] # stands in for the others
    assert len(body) == 1_000_000
    assert int.from_bytes(body[4:8], "little") == len(body) - 8
    with wave.open(io.BytesIO(body)) as sound:
        assert sound.getnframes() / sound.getframerate() == 2


def test_parts_are_medians_of_all_runs() -> None:
    assert _medians([{"upload": 1.0}, {"upload": 2.0}, {"upload": 9.0}]) == {"upload": 2.0}
    assert _medians([]) == {}
