"""The plan for many songs: its page cannot differ from its figures, and its figures add up."""

import json
from typing import Any

import numpy as np
import pytest

from bench.marks import filled
from bench.simulation import scaling, summary
from bench.simulation.known import Known, known
from bench.simulation.limit import limits
from bench.simulation.prices import EXAMPLE
from bench.simulation.quantities import QUANTITIES
from bench.simulation.size import PEAK, Size
from bench.simulation.traffic import DAY_SECONDS, HOURLY, LONGEST_SECONDS, SHORTEST_SECONDS, day, song_lengths

POOLS = {name: {"node_hours": 100.0, "most_replicas": 10.0} for name in ("separator", "transcriber", "beats")}


def test_the_page_is_what_the_command_writes() -> None:
    text = scaling.PAGE.read_text("utf-8")
    assert scaling.page(text, known(), summary.read()) == text, "run `python -m bench.simulation`"


def test_a_figure_of_the_benchmark_takes_the_place_of_what_was_seen_before() -> None:
    results: dict[str, Any] = {"folding": {"measured": {"events_per_second": {"status": [10.0, 4000.0, 5000.0]}}}}
    figures = Known(results, QUANTITIES)
    assert figures.value("folds") == 4000
    assert figures.source("folds") == "measured, `folding`"
    assert figures.value("events") == QUANTITIES["events"].before
    with pytest.raises(KeyError):
        Known({"folding": {"measured": {}}}, QUANTITIES)


def test_a_place_is_filled_and_filled_again() -> None:
    text = filled("a\n<!-- x -->\n<!-- end -->\nb", {"x": "old"})
    assert filled(text, {"x": "new"}) == "a\n<!-- x -->\n\nnew\n\n<!-- end -->\nb"
    with pytest.raises(ValueError, match="no place for 'y'"):
        filled(text, {"y": ""})


def test_ten_times_the_songs_ask_ten_times_as_much() -> None:
    small, large = (Size(songs, known(), POOLS, 100) for songs in (10_000, 100_000))
    for what in ("peak_events", "peak_polls", "stored_bytes", "egress_bytes", "documents_bytes"):
        assert getattr(large, what) == pytest.approx(10 * getattr(small, what))
    assert small.gateways <= large.gateways <= 10 * small.gateways


def test_a_song_costs_its_share_of_the_day() -> None:
    size = Size(1000, known(), POOLS, 100)
    dollars = size.dollars(EXAMPLE)
    assert dollars["G"] == pytest.approx(EXAMPLE.gpu_hour * 100 / 1000)
    assert dollars["C"] * 1000 == pytest.approx(EXAMPLE.core_hour * size.core_hours)
    assert json.dumps(dollars)


def test_what_breaks_first_comes_first() -> None:
    found = limits(known(), job_seconds=120)
    assert [one.songs for one in found] == sorted(one.songs for one in found)
    assert limits(known(), job_seconds=1200) != found  # who waits for longer polls more


def test_a_day_has_as_many_songs_as_asked_for_and_its_evening() -> None:
    days = [day(10_000, np.random.default_rng(seed)) for seed in range(30)]
    counts = np.array([len(one.at) for one in days])
    # Bursts differ from day to day; their mean is within four standard errors, and these are small.
    error = counts.std(ddof=1) / np.sqrt(len(counts))
    assert counts.mean() == pytest.approx(10_000, abs=4 * error)
    assert error < 150
    by_hour = np.histogram(np.concatenate([one.at for one in days]), 24, (0, DAY_SECONDS))[0]
    assert int(by_hour.argmax()) == HOURLY.index(max(HOURLY))
    assert by_hour.max() / by_hour.mean() == pytest.approx(PEAK, rel=0.1)


def test_songs_are_as_long_as_the_service_takes_them() -> None:
    lengths = song_lengths(100_000, np.random.default_rng(5))
    assert SHORTEST_SECONDS <= lengths.min() <= lengths.max() <= LONGEST_SECONDS
    assert np.median(lengths) == pytest.approx(210, rel=0.01)
