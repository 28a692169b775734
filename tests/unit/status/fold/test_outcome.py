"""What counts ends reads little of a job; it must say what readers are told."""

from hypothesis import given
from hypothesis import strategies as st

from services.status.database.codec import storable
from services.status.fold.outcome import End, end
from shared.events import Event, JobCancelled, JobRetried, Task
from shared.job import fold_all
from shared.view import view
from tests.fakes import JOB_ID, after, completed, failed, refined, submitted
from tests.histories import histories

ended = st.builds(
    lambda make, task: make(task, at=700), st.sampled_from([completed, failed, refined]), st.sampled_from(Task)
)


def told(*events: Event) -> End | None:
    """By the registers as the database has them."""
    return end({"_id": JOB_ID, **storable(fold_all(events))})


@given(histories, st.lists(ended, max_size=6), st.sets(st.sampled_from(Task), min_size=1))
def test_a_job_has_ended_when_readers_are_told_so_and_in_that_way(
    history: list[Event], ends: list[Event], asked: set[Task]
) -> None:
    events = [event for event in history if event.type != "job_submitted"] + ends + [submitted(*asked)]
    document, found = view(fold_all(events)), told(*events)
    if not document.is_over:
        assert found is None
        return
    assert found is not None
    cancelled = document.error_code == "cancelled"
    assert found.outcome == ("cancelled" if cancelled else document.status)
    assert found.id == f"{JOB_ID}.{'cancelled' if cancelled else document.run}"
    if found.seconds is not None:
        assert (round(found.seconds, 1), document.status, document.run) == (document.processing_time, "completed", 0)


def test_only_a_first_run_says_how_long_a_job_takes() -> None:
    first = (submitted(Task.BEAT_ANALYSIS), completed(Task.BEAT_ANALYSIS, at=60), refined(Task.BEAT_ANALYSIS, at=80))
    assert told(*first[:2]) == End(f"{JOB_ID}.0", "completed", 60)
    again = JobRetried(job_id=JOB_ID, at=after(90), run=1, tasks=(Task.BEAT_ANALYSIS,))
    assert told(*first, again) is None
    assert told(*first, again, completed(Task.BEAT_ANALYSIS, at=99, run=1)) == End(f"{JOB_ID}.1", "completed")


def test_what_has_no_submission_yet_has_not_ended() -> None:
    assert told(completed(Task.BEAT_ANALYSIS)) is None
    assert told(JobCancelled(job_id=JOB_ID, at=after(1))) is None
