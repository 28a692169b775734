import json
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from time import thread_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.jobs.rewording import MAX_BYTES, MAX_WORDS, parse, reworded
from shared.errors import PermanentError
from shared.events import GivenTimes
from shared.job import fold_all
from shared.lyrics.document import to_json
from shared.lyrics.words import Line, Metadata, Word
from shared.tasks import Task
from shared.view import view
from tests.fakes import completed, corrected_lyrics, submitted

METADATA = Metadata(language="en", model="base", alignment="whisper", source="heard", language_probability=0.9)
FOUND: dict[str, Any] = json.loads(
    to_json(
        [
            Line((Word("Code", 0.7, 0.95, 0.9), Word("Munkey,", 1.05, 1.33, 0.4))),
            Line((Word("well", 2.0, 2.4, 0.7), Word("-known", 2.4, 2.9, 0.6, estimated=True, spaced=False))),
        ],
        METADATA,
    )
)
DURATION = 10.0
LONGEST_SECONDS = 0.01
"""The interpreter's lock may be held this long; the event loop waits for it."""


def reword(edit: Any, present: dict[str, Any] = FOUND, found: dict[str, Any] = FOUND) -> dict[str, Any]:
    """Return `present` after a client's edit, which changes a copy in place."""
    document = deepcopy(present)
    edit(document["lines"])
    return reworded(found, present, parse(json.dumps(document).encode()), DURATION)


def refusal(edit: Any) -> tuple[str, str]:
    with pytest.raises(PermanentError) as caught:
        reword(edit)
    return caught.value.code, caught.value.summary


def set_word(line: int, word: int, **fields: Any) -> Any:
    return lambda lines: lines[line]["words"][word].update(fields)


def test_a_changed_text_is_edited_and_everything_else_stays() -> None:
    new = reword(set_word(0, 1, text="Monkey,"))
    assert (new["corrected"], new["language"], new["source"], new["note"]) == (True, "en", "heard", None)
    first, second = new["lines"]
    assert first["words"][0] == FOUND["lines"][0]["words"][0]
    assert first["words"][1] == {
        "text": "Monkey,",
        "start": 1.05,
        "end": 1.33,
        "confidence": None,
        "estimated": False,
        "origin": "edited",
        "spaced": True,
        "doubtful": False,
    }
    assert (first["text"], first["confidence"]) == ("Code Monkey,", 0.9)
    assert second == FOUND["lines"][1]


def test_the_review_follows_corrections_and_an_edited_word_is_not_doubtful() -> None:
    doubted = json.loads(to_json([Line((Word("Code", 0.7, 0.95, 0.1), Word("Munkey,", 1.05, 1.33, 0.1)))], METADATA))
    assert doubted["doubtful_line_count"] == 1
    half = reword(set_word(0, 1, text="Monkey,"), doubted, doubted)
    assert [word["doubtful"] for word in half["lines"][0]["words"]] == [True, False]
    assert 0 < half["review"] < doubted["review"]
    whole = reword(set_word(0, 0, text="code"), half, doubted)
    assert (whole["review"], whole["doubtful_line_count"], whole["lines"][0]["doubtful"]) == (0, 0, False)
    old = {field: value for field, value in doubted.items() if field not in {"review", "doubtful_line_count"}}
    assert reword(lambda lines: None, old, old)["review"] == doubted["review"]


def test_a_line_keeps_its_reading_until_its_text_changes() -> None:
    line = Line((Word("夜", 1.0, 1.5, 0.9), Word("空", 1.5, 2.0, 0.9, spaced=False)))
    read = json.loads(to_json([line], replace(METADATA, language="ja")))
    assert reword(set_word(0, 1, end=2.5), read, read)["lines"][0]["romanised"] == "yozora"
    assert "romanised" not in reword(set_word(0, 1, text="風"), read, read)["lines"][0]


def test_an_estimated_time_stays_estimated_until_the_time_changes() -> None:
    word = reword(set_word(1, 1, text="-born"))["lines"][1]["words"][1]
    assert (word["origin"], word["estimated"], word["spaced"]) == ("edited", True, False)
    word = reword(set_word(1, 1, end=3.0))["lines"][1]["words"][1]
    assert (word["origin"], word["estimated"]) == ("edited", False)


def test_the_text_of_a_word_may_change_whose_times_are_out_of_bounds_since_it_was_found() -> None:
    found = json.loads(to_json([Line((Word("la", 9.0, 9.0, 0.5), Word("le", 9.9, 10.001, 0.5)))], METADATA))
    new = reword(lambda lines: [word.update(text="lo") for word in lines[0]["words"]], found, found)
    assert new["lines"][0]["text"] == "lo lo"


def test_a_word_that_is_changed_back_is_again_as_it_was_found() -> None:
    edited = reword(set_word(0, 1, text="Monkey,"))
    assert reword(set_word(0, 1, text="Munkey,"), edited)["lines"] == FOUND["lines"]
    again = reword(set_word(0, 0, end=1.0), edited)["lines"][0]["words"]
    assert [word["origin"] for word in again] == ["edited", "edited"]


def test_a_minimal_client_sends_only_texts_and_times() -> None:
    lines = [
        {"words": [{key: word[key] for key in ("text", "start", "end")} for word in line["words"]]}
        for line in FOUND["lines"]
    ]
    body = json.dumps({"lines": lines}).encode()
    assert reworded(FOUND, FOUND, parse(body), DURATION)["lines"] == FOUND["lines"]


def test_lines_may_be_split_joined_added_and_deleted() -> None:
    def split(lines: list[Any]) -> None:
        lines[:1] = [{"words": [word]} for word in lines[0]["words"]]
        lines.append({"words": [{"text": " o\u0301h  oh ", "start": 4, "end": 5.00049}]})

    new = reword(split)["lines"]
    assert [line["text"] for line in new] == ["Code", "Munkey,", "well-known", "\u00f3h oh"]
    assert [line["words"][0]["origin"] for line in new] == ["heard", "heard", "heard", "edited"]
    assert (new[3]["start"], new[3]["end"], new[3]["confidence"]) == (4.0, 5.0, None)
    none = reword(lambda lines: lines.clear())
    assert none["lines"] == []


@pytest.mark.parametrize("found", [(), (Line((Word("la", 1, 2, 0.9),)),)])
@pytest.mark.parametrize("words", [0, 1])
def test_a_correction_ends_the_notes_about_what_was_found_in_file_and_document(
    found: tuple[Line, ...], words: int
) -> None:
    times = GivenTimes(used=False)
    before = json.loads(to_json(found, replace(METADATA, given_times=times)))
    event = completed(Task.TRANSCRIPTION)
    facts = {"word_count": len(found), "given_times": times, "language_probability": 0.3}
    event = event.model_copy(update={"result": event.result.model_copy(update=facts)})
    assert before["note"]
    assert len(view(fold_all([submitted(), event])).notes) == 2
    edited = {"lines": [{"words": [{"text": "oh", "start": 1, "end": 1.5}]}] * words}
    after = reworded(before, before, parse(json.dumps(edited).encode()), DURATION)
    document = view(fold_all([submitted(), event, corrected_lyrics(words=words)]))
    assert [note.message for note in document.notes] == [after["note"]] * (not words)
    assert [note.code for note in document.notes] == ["lyrics_deleted"] * (not words)
    taken_back = view(fold_all([submitted(), event, corrected_lyrics(), corrected_lyrics(2, words=None)]))
    assert len(taken_back.notes) == 2


@pytest.mark.parametrize(
    ("edit", "code", "summary"),
    [
        (
            set_word(1, 1, start=2.39),
            "invalid_times",
            "Line 2, word 2 begins at 2.39 s, before the word before it ends",
        ),
        (set_word(1, 0, start=1.2), "invalid_times", "Line 2, word 1 begins at 1.2 s, before the word before it ends"),
        (set_word(0, 1, end=1.05), "invalid_times", "Line 1, word 2 ends at 1.05 s, but begins at 1.05 s"),
        (set_word(1, 1, end=10.1), "invalid_times", "Line 2, word 2 ends at 10.1 s, but the song has only 10 s"),
        (set_word(0, 0, start=-0.1), "invalid_request", "Line 1, word 1, start: "),
        (set_word(0, 0, start=None), "invalid_request", "Line 1, word 1, start: "),
        (set_word(0, 0, end=float("nan")), "invalid_request", "Line 1, word 1, end: "),
        (set_word(0, 0, end=10**400), "invalid_request", "Line 1, word 1, end: "),
        (set_word(0, 0, end="0.9"), "invalid_request", "Line 1, word 1, end: "),
        (set_word(0, 0, text=7), "invalid_request", "Line 1, word 1, text: "),
        (set_word(0, 0, text="\ud800"), "invalid_text", "Line 1, word 1 contains a control character"),
        (set_word(0, 0, text="a\nb"), "invalid_text", "Line 1, word 1 contains a control character or a line break"),
        (set_word(0, 0, text="a\u2028b"), "invalid_text", "Line 1, word 1 contains a control character"),
        (set_word(0, 0, text="\x1b[2J"), "invalid_text", "Line 1, word 1 contains a control character"),
        (set_word(0, 0, text=" "), "invalid_text", "Line 1, word 1 has no text"),
        (set_word(0, 0, text=101 * "a"), "invalid_text", "Line 1, word 1 has more than 100 characters"),
        (lambda lines: lines[1].update(words=[]), "invalid_request", "Line 2, words: "),
        (lambda lines: lines[1].update(words=101 * lines[1]["words"]), "invalid_request", "Line 2, words: "),
        (lambda lines: lines[1].pop("words"), "invalid_request", "Line 2, words: "),
        (lambda lines: lines.append("la"), "invalid_request", "Line 3: "),
        (lambda lines: lines[1].update(text="well unknown"), "line_differs", "Line 2: its text follows from its words"),
        (lambda lines: lines[1].update(start=1.9), "line_differs", "Line 2: its start follows from its words"),
    ],
)
def test_an_error_names_its_place(edit: Any, code: str, summary: str) -> None:
    found = refusal(edit)
    assert (found[0], found[1][: len(summary)]) == (code, summary)


def test_fields_of_a_line_may_be_from_before_the_edit_or_follow_the_new_words() -> None:
    def move(lines: list[Any]) -> None:
        lines[1]["words"][0].update(text="best", start=2.10049)
        lines[1].update(text="best -known", start=2.10049)

    assert reword(move)["lines"][1]["text"] == "best-known"


def test_lyrics_of_earlier_versions_get_origins_and_spaces() -> None:
    old = deepcopy(FOUND)
    del old["corrected"]
    for line in old["lines"]:
        for word in line["words"]:
            del word["origin"], word["spaced"]
    assert reword(lambda _: None, old, old)["lines"] == FOUND["lines"]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b'{"lines": {}}', b'{"lines": [[]]}', b"\xff", 99_999 * b"[", b"9" * 5000],
)  # fmt: skip
def test_what_is_not_lyrics_is_refused(body: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        parse(body)
    assert caught.value.code in ("invalid_request", "too_many_words")


PARTS = [b"[],", b"{},", b"1,", b"1e9,", b'"",', b'{"a":1},', b'"a":1,', b"[[", b'{"":', b"\\u0301", b'{"words":[]},']


@pytest.mark.parametrize("part", PARTS)
def test_no_body_keeps_the_interpreter_for_long(part: bytes) -> None:
    body = b'{"lines":[' + part * ((MAX_BYTES - 20) // len(part)) + b"1]}"
    seconds = []
    for _ in range(5):
        started = thread_time()
        with pytest.raises(PermanentError):
            parse(body)
        seconds.append(thread_time() - started)
    assert min(seconds) < LONGEST_SECONDS


def song(words: int) -> dict[str, Any]:
    lines = [
        Line(tuple(Word("word", 0.2 * at, 0.2 * at + 0.15, 0.5) for at in range(first, min(first + 8, words))))
        for first in range(0, words, 8)
    ]
    document: dict[str, Any] = json.loads(to_json(lines, METADATA))
    return document


def test_the_longest_lyrics_fit_and_one_word_more_does_not() -> None:
    found = song(MAX_WORDS)
    body = json.dumps(found).encode()
    assert len(body) < MAX_BYTES
    assert reworded(found, found, parse(body), 0.2 * MAX_WORDS)["lines"] == found["lines"]
    with pytest.raises(PermanentError) as caught:
        parse(json.dumps(song(MAX_WORDS + 1)).encode())
    assert caught.value.code == "too_many_words"


texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=20).filter(str.strip)


@given(st.lists(st.tuples(texts, st.integers(1, 500), st.booleans()), min_size=1, max_size=12), st.data())
def test_valid_lyrics_are_stored_as_sent_and_can_be_sent_again(words: list[Any], data: st.DataObject) -> None:
    lines: list[dict[str, Any]] = []
    now = 0.0
    for text, length, breaks in words:
        word = {"text": text, "start": now, "end": round(now + length / 1000, 3)}
        now = word["end"]
        if breaks or not lines:
            lines.append({"words": []})
        lines[-1]["words"].append(word)
    new = reworded(FOUND, FOUND, parse(json.dumps({"lines": lines}).encode()), DURATION)
    stored = [word for line in new["lines"] for word in line["words"]]
    assert [(word["start"], word["end"]) for word in stored] == [
        (word["start"], word["end"]) for line in lines for word in line["words"]
    ]
    assert all(before["end"] <= after["start"] for before, after in pairwise(stored))
    assert reworded(FOUND, new, parse(json.dumps(new).encode()), DURATION) == new
