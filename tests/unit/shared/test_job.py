from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.events import Event, JobCancelled, TasksRerun, decode, encode
from shared.job import fold, fold_all, is_refinement, ready
from shared.tasks import Task
from tests.fakes import JOB_ID, START, completed, failed, found_nothing, progressed, refined, started, submitted
from tests.histories import events, histories

SEPARATION, TRANSCRIPTION, BEATS = Task


@given(histories, st.randoms(use_true_random=False), st.integers(0, 10))
def test_no_order_and_no_repetition_of_events_changes_the_job(
    history: list[Event], random: Random, repeated: int
) -> None:
    shuffled = history + random.choices(history, k=repeated)
    random.shuffle(shuffled)
    assert fold_all(shuffled) == fold_all(history)


@given(histories)
def test_folding_a_history_twice_changes_nothing(history: list[Event]) -> None:
    job = fold_all(history)
    assert all(fold(job, event) == job for event in history)


@given(events)
def test_an_event_survives_the_wire(event: Event) -> None:
    assert decode(encode(event)) == event


def test_a_late_attempt_does_not_undo_a_completed_one() -> None:
    done = fold_all([submitted(), completed(BEATS)])
    zombie: list[Event] = [started(BEATS, attempt=2), progressed(BEATS, 50, attempt=2), failed(BEATS, attempt=3)]
    assert fold_all([submitted(), completed(BEATS), *zombie]).registers[BEATS] == done.registers[BEATS]


def test_a_late_event_of_an_earlier_attempt_does_not_replace_the_present_one() -> None:
    present, late = started(BEATS, attempt=2), progressed(BEATS, 50, seq=7)
    assert fold_all([submitted(), present, late]).event(BEATS) == present
    assert fold_all([submitted(), late, present]).event(BEATS) == present


def test_the_last_event_of_an_attempt_is_kept_whatever_their_order() -> None:
    steps: list[Event] = [progressed(BEATS, 10 * seq, seq=seq) for seq in range(1, 10)]
    for history in (steps, steps[::-1]):
        assert fold_all([submitted(), *history]).event(BEATS) == steps[-1]


def test_a_refined_result_outranks_every_first_one_of_its_run_whatever_their_attempts() -> None:
    better = refined(BEATS)
    others: list[Event] = [completed(BEATS, attempt=3, seq=99), failed(BEATS, attempt=4), started(BEATS, attempt=5)]
    for history in ([submitted(), *others, better], [submitted(), better, *others]):
        assert fold_all(history).registers[BEATS].event == better


def test_the_refinement_of_a_later_run_outranks_what_was_there_before() -> None:
    job = fold_all([submitted(), refined(BEATS, run=1), completed(BEATS), refined(BEATS)])
    assert job.registers[BEATS].event == refined(BEATS, run=1)


def test_a_retry_begins_a_run_that_outranks_the_failed_one() -> None:
    job = fold_all([submitted(), failed(BEATS), started(BEATS, run=1)])
    assert job.registers[BEATS].event == started(BEATS, run=1)


def test_two_different_events_of_equal_order_fold_alike_in_both_orders() -> None:
    first, second = completed(BEATS), found_nothing(BEATS)
    assert fold_all([submitted(), first, second]) == fold_all([submitted(), second, first])


def test_progress_of_a_new_run_replaces_a_higher_one_of_the_run_before() -> None:
    again = TasksRerun(job_id=JOB_ID, at=START, run=1, tasks=(BEATS,))
    job = fold_all([submitted(), progressed(BEATS, 80), again, progressed(BEATS, 7, run=1)])
    assert job.percent(BEATS) == 7


def test_a_cancelled_job_has_no_name_and_a_late_submission_does_not_bring_it_back() -> None:
    cancelled = JobCancelled(job_id=JOB_ID, at=START)
    events: list[Event] = [submitted(), submitted(name="secret.mp3"), cancelled, submitted()]
    for history in permutations(events):
        submission = fold_all(history).submission
        assert submission
        assert submission.song == submitted(name="").song


def test_an_error_about_an_event_does_not_quote_it() -> None:
    body = encode(submitted(name="secret.mp3")).replace(b'"file_size"', b'"size"')
    for text in (body, b'["secret.mp3"]', b"secret.mp3"):
        with pytest.raises(ValidationError) as caught:
            decode(text)
        assert "secret" not in str(caught.value)


def test_a_transcription_waits_for_its_stems() -> None:
    song = submitted()
    assert ready(song, song) == (SEPARATION, BEATS)
    assert ready(song, completed(SEPARATION)) == (TRANSCRIPTION, BEATS)
    assert ready(song, completed(BEATS)) == ()


def test_the_beats_are_found_at_once_and_refined_when_the_stems_are_there() -> None:
    song, done = submitted(SEPARATION, BEATS), completed(SEPARATION)
    assert ready(song, song) == (SEPARATION, BEATS)
    assert ready(song, done) == (BEATS,)
    assert ready(submitted(SEPARATION), done) == ()
    assert is_refinement(BEATS, done)
    assert not is_refinement(BEATS, song)
    assert not is_refinement(TRANSCRIPTION, done)
    assert ready(song, refined(BEATS)) == ()


def test_without_a_separation_the_transcription_starts_at_once() -> None:
    song = submitted(TRANSCRIPTION, BEATS)
    assert ready(song, song) == (TRANSCRIPTION, BEATS)
