from itertools import accumulate, pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.jobs.recount import BeatCorrection, TimeSignature, recounted
from shared.errors import PermanentError

BEATS_PER_BAR = {"2/4": 2, "3/4": 3, "4/4": 4, "5/4": 5, "6/4": 6, "7/4": 7, "6/8": 2, "7/8": 7, "9/8": 3, "12/8": 4}


def heard(times: list[float], first: int = 0, signature: str | None = "4/4") -> dict[str, Any]:
    """Return the content of a `beats.json`, with bars from the beat with the index `first` on."""
    count = BEATS_PER_BAR.get(signature or "", 1)
    positions = [(index - first) % count + 1 if signature else None for index in range(len(times))]
    return {
        "tempo_bpm": 120.0,
        "beat_count": len(times),
        "time_signature": signature,
        "key": "D major",
        "pulse": "quarter",
        "bar_confidence": 0.9,
        "beats": [{"time": time, "position": position} for time, position in zip(times, positions, strict=True)],
        "downbeats": [time for time, position in zip(times, positions, strict=True) if position == 1],
        "chords": [],
    }


STEADY = [round(0.5 + 0.5 * beat, 3) for beat in range(17)]


def recount(document: dict[str, Any], **correction: Any) -> dict[str, Any]:
    return recounted(document, BeatCorrection(**correction))


def code(document: dict[str, Any], **correction: Any) -> str:
    with pytest.raises(PermanentError) as caught:
        recount(document, **correction)
    return caught.value.code


def times(document: dict[str, Any]) -> list[float]:
    return [beat["time"] for beat in document["beats"]]


def positions(document: dict[str, Any]) -> list[int | None]:
    return [beat["position"] for beat in document["beats"]]


def test_half_the_tempo_keeps_the_beats_that_contain_the_first_downbeat() -> None:
    found = recount(heard(STEADY, first=3), tempo="half")
    assert times(found) == STEADY[1::2]
    assert (found["tempo_bpm"], found["beat_count"], found["time_signature"]) == (60.0, 8, "4/4")
    assert positions(found) == [4, 1, 2, 3, 4, 1, 2, 3]
    assert found["downbeats"] == [2.0, 6.0]
    other = recount(heard(STEADY, first=3), tempo="half", first_downbeat=1.5)
    assert times(other) == STEADY[::2]
    assert other["downbeats"][0] == 1.5


def test_double_the_tempo_adds_a_beat_halfway_which_may_be_the_first_downbeat() -> None:
    found = recount(heard(STEADY), tempo="double", first_downbeat=0.76, time_signature="3/4")
    assert times(found)[:4] == [0.5, 0.75, 1.0, 1.25]
    assert (found["tempo_bpm"], found["beat_count"]) == (240.0, 33)
    assert positions(found)[:5] == [3, 1, 2, 3, 1]


@pytest.mark.parametrize(("signature", "pulse"), [("6/8", "dotted quarter"), ("7/8", "eighth"), ("5/4", "quarter")])
def test_the_metre_decides_bars_and_pulse(signature: str, pulse: str) -> None:
    found = recount(heard(STEADY), time_signature=signature)
    assert (found["time_signature"], found["pulse"]) == (signature, pulse)
    assert max(filter(None, positions(found))) == BEATS_PER_BAR[signature]
    assert {bar["time_signature"] for bar in found["bars"]} == {signature}
    assert [bar["start"] for bar in found["bars"]] == found["downbeats"]


def test_what_a_correction_does_not_change_stays_and_the_correction_is_in_the_document() -> None:
    found = recount(heard(STEADY), time_signature="3/4")
    assert (found["key"], found["corrected"], found["bar_confidence"]) == ("D major", True, None)
    assert found["correction"] == {"tempo": None, "first_downbeat": None, "time_signature": "3/4"}


def test_without_a_metre_only_the_tempo_can_change_unless_a_metre_is_given() -> None:
    unknown = heard(STEADY, signature=None)
    found = recount(unknown, tempo="half")
    assert (set(positions(found)), found["downbeats"], found["time_signature"]) == ({None}, [], None)
    assert code(unknown, first_downbeat=1.0) == "unknown_metre"
    assert recount(unknown, first_downbeat=1.0, time_signature="4/4")["downbeats"][0] == 1.0


@pytest.mark.parametrize(
    ("document", "correction", "expected"),
    [
        (heard([]), {"tempo": "half"}, "no_beats"),
        (heard(STEADY), {}, "nothing_to_correct"),
        (heard(STEADY), {"first_downbeat": 0.24}, "no_such_beat"),
        (heard(STEADY), {"first_downbeat": 8.76}, "no_such_beat"),
        (heard([0.0, 0.38, 0.76]), {"tempo": "double"}, "tempo_out_of_range"),
        (heard([0.0, 0.8, 1.6]), {"tempo": "half"}, "tempo_out_of_range"),
        (heard([0.0, 0.5]), {"tempo": "half"}, "tempo_out_of_range"),
    ],
)
def test_what_is_not_possible_is_refused(document: dict[str, Any], correction: dict[str, Any], expected: str) -> None:
    assert code(document, **correction) == expected


def test_a_message_names_the_tempo_that_would_be() -> None:
    with pytest.raises(PermanentError, match=r"That would be 315\.8 BPM; a tempo is from 40 to 300 BPM"):
        recount(heard([0.0, 0.38, 0.76]), tempo="double")


songs = st.builds(
    lambda start, lengths, first: heard(
        [round(time, 3) for time in accumulate(lengths, initial=start)], first % len(lengths)
    ),
    st.floats(0, 5),
    st.lists(st.floats(0.42, 0.58), min_size=3, max_size=40),
    st.integers(0, 7),
)


@given(songs)
def test_half_of_double_is_what_was_heard(song: dict[str, Any]) -> None:
    # Twice as many beats have downbeats between those of the song, so the first one has to be named.
    back = recount(recount(song, tempo="double"), tempo="half", first_downbeat=song["downbeats"][0])
    assert (back["beats"], back["downbeats"]) == (song["beats"], song["downbeats"])


@given(songs, st.sampled_from([None, "half", "double"]), st.sampled_from(get_args(TimeSignature)), st.data())
def test_bars_are_complete_and_contain_the_chosen_downbeat(
    song: dict[str, Any], tempo: Any, signature: Any, data: st.DataObject
) -> None:
    chosen = data.draw(st.sampled_from(times(song)))
    found = recount(song, tempo=tempo, time_signature=signature, first_downbeat=chosen)
    count = BEATS_PER_BAR[signature]
    assert chosen in found["downbeats"]
    assert all(positions(found))
    assert all(after == before % count + 1 for before, after in pairwise(filter(None, positions(found))))
    assert times(found) == sorted(set(times(found)))
    assert found["beat_count"] == len(found["beats"])
    assert 40 <= found["tempo_bpm"] <= 300
