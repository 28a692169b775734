"""Outcomes, which are derived from few fields, agree with the document."""

from hypothesis import given
from hypothesis import strategies as st

from services.status.database.codec import storable
from services.status.fold.outcome import JobOutcome, outcome_of
from shared.events import Event, JobCancelled, TasksRerun
from shared.job import fold_all
from shared.tasks import Task
from shared.view import view
from tests.fakes import JOB_ID, after, completed, failed, refined, submitted
from tests.histories import histories

ended = st.builds(
    lambda make, task: make(task, at=700), st.sampled_from([completed, failed, refined]), st.sampled_from(Task)
)


def outcome(*events: Event) -> JobOutcome | None:
    """Derive the outcome from the registers as the database stores them."""
    return outcome_of({"_id": JOB_ID, **storable(fold_all(events).registers)})


@given(histories, st.lists(ended, max_size=6), st.sets(st.sampled_from(Task), min_size=1))
def test_an_outcome_agrees_with_the_document(history: list[Event], ends: list[Event], asked: set[Task]) -> None:
    events = [event for event in history if event.type != "job_submitted"] + ends + [submitted(*asked)]
    document, found = view(fold_all(events)), outcome(*events)
    if not document.is_over:
        assert found is None
        return
    assert found is not None
    cancelled = document.error_code == "cancelled"
    assert found.outcome == ("cancelled" if cancelled else document.status)
    if found.seconds is not None:
        assert (round(found.seconds, 1), document.status, document.run) == (document.processing_time, "completed", 0)


def test_only_a_first_run_reports_its_duration() -> None:
    first = (submitted(Task.BEAT_ANALYSIS), completed(Task.BEAT_ANALYSIS, at=60), refined(Task.BEAT_ANALYSIS, at=80))
    assert outcome(*first[:2]) == JobOutcome("completed", 60)
    again = TasksRerun(job_id=JOB_ID, at=after(90), run=1, tasks=(Task.BEAT_ANALYSIS,))
    assert outcome(*first, again) is None
    assert outcome(*first, again, completed(Task.BEAT_ANALYSIS, at=99, run=1)) == JobOutcome("completed")


def test_a_job_without_a_submission_has_not_ended() -> None:
    assert outcome(completed(Task.BEAT_ANALYSIS)) is None
    assert outcome(JobCancelled(job_id=JOB_ID, at=after(1))) is None
