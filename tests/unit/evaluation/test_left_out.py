"""The measurement of songs of sources that were left out of the fit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.beats.meter_hypotheses import Meter
from services.beats.onsets import FPS, onsets
from tests.evaluation import left_out
from tests.evaluation.answer import Answer
from tests.evaluation.datasets import Item
from tests.evaluation.fitting import Song
from tests.evaluation.left_out_tables import by_group, by_source, group
from tests.evaluation.results import Result, Results, result_of
from tests.evaluation.systems import OURS
from tests.evaluation.truth import Beat, Truth

SILENCE = onsets(np.zeros(22_050, np.float32))


def clip(source: str, signature: str = "4/4", *tags: str) -> Truth:
    beats = tuple(Beat(0.5 * index, index % 4 + 1) for index in range(20))
    return Truth(f"{source} {signature}", "tune", (source, *tags), 120.0, signature, beats)


def song(known: Truth) -> Song:
    return Song(Path(f"{known.name}.flac"), known, SILENCE, (), (), (), None)


def result(known: Truth, answer: Answer) -> Result:
    scored = result_of("rhythm", Item("left out", Path(__file__).parents[2] / "song" / "river_town.ogg", known), answer)
    assert scored.rhythm
    return scored


def test_every_song_is_judged_by_a_fit_without_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(songs: Sequence[Song], known: Any) -> dict[str, float]:
        return {each.source: 1.0 for each in songs}

    monkeypatch.setattr(left_out, "learn_patterns", lambda songs: {})
    monkeypatch.setattr(left_out, "fit", fit)
    songs = [song(clip(f"style {number // 2}", f"{number % 2 + 3}/4")) for number in range(20)]
    silence = song(Truth("silence", "tune", ("no beat",)))
    found = left_out.left_out(songs, [silence])
    assert {each.song.truth.name for each in found} == {each.truth.name for each in (*songs, silence)}
    assert all(each.song.source not in each.weights for each in found)
    assert all(len(each.weights) > 5 for each in found)


def test_the_answer_has_the_chosen_bars() -> None:
    frames = np.array([10, 60, 110, 160, 210])
    answer = left_out.answer_of(Meter(frames, 120.0, 3, 2, 0.9, 0.8, 0.7, ()))
    assert [beat.position for beat in answer.beats] == [2, 3, 1, 2, 3]
    assert answer.beats[0].time == pytest.approx(10 / FPS, abs=0.01)
    assert answer.time_signature == "3/4"
    assert left_out.answer_of(None) == Answer()


@pytest.mark.parametrize(
    ("known", "its_group"),
    [
        (clip("rock", "4/4", "drums"), "with a band, 4/4"),
        (clip("waltz", "3/4", "drums"), "with a band, other metres"),
        (clip("drums, twelve-eight", "12/8", "drums", "drums only"), "drums alone, 4/4"),
        (clip("bach", "4/4", "score"), "scores"),
    ],
)
def test_songs_are_grouped_by_players_and_metre(known: Truth, its_group: str) -> None:
    assert group(known) == its_group


def test_tables_compare_all_programs_on_the_same_songs() -> None:
    rock, bach = clip("rock"), clip("bach", "4/4", "score")
    right = Answer(rock.beats, 120.0, "4/4")
    unbarred = Answer(tuple(Beat(beat.time, 0) for beat in rock.beats[::2]), 60.0)
    found = Results(
        "rhythm",
        {
            OURS: [result(rock, right), result(bach, Answer())],
            "librosa": [result(rock, unbarred), result(bach, unbarred)],
            "madmom": [result(rock, right), result(bach, right)],
        },
        {"essentia": "no network"},
    )
    best = {rock.name: 1.0, bach.name: 0.5}
    grouped = by_group(found, best)
    assert "| **all** | 2 | 2 | ours | 0.50 | 0.50 | 0.50 | 0.50 | 0.50 | 0.75 |" in grouped
    assert "|  |  |  | librosa | 0.67 | – | – | 0.00 | 1.00 |  |" in grouped
    assert "not installed: no network" in grouped
    assert "| bach | scores | 1 | 0.00 | – | – | 0.00 | 0.00 | 0.50 | 0.67 | 1.00 | 1.00 | 1.00 |" in by_source(
        found, best
    )
