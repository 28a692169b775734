from services.status.database.upserts import folded, redactions, upsert
from shared.events import JobCancelled
from shared.tasks import Task
from tests.fakes import JOB_ID, START, completed, previewed, progressed, submitted

BEATS = Task.BEAT_ANALYSIS


def test_the_events_of_a_job_are_combined_into_one_update() -> None:
    other = submitted(job_id="other")
    jobs = folded([submitted(), progressed(BEATS, 40, seq=2), other, progressed(BEATS, 30, seq=1)])
    assert list(jobs) == [JOB_ID, "other"]
    update = upsert(jobs[JOB_ID])
    assert update["$max"]["beat_analysis"]["event"]["progress"] == 40
    assert update["$max"]["beat_analysis_progress"] == {"order": [0, 40], "event": None}


def test_services_of_earlier_versions_can_read_a_job_with_a_partial_result() -> None:
    """They refuse events of types that they do not know, and skip registers that they do not know."""
    update = upsert(folded([previewed(3), previewed(8)])[JOB_ID])
    assert update["$max"]["transcription_preview"] == {"order": [0, 1, 8], "event": None}
    assert "transcription" not in update["$max"]


def test_the_order_is_the_first_field_of_a_register() -> None:
    for registers in folded([submitted(), completed(BEATS)]).values():
        assert all(next(iter(register)) == "order" for register in upsert(registers)["$max"].values())


def test_only_submissions_and_cancellations_need_a_second_update() -> None:
    cancelled = JobCancelled(job_id="cancelled", at=START)
    found = redactions(folded([submitted(), completed(BEATS), submitted(job_id="next"), cancelled]))
    assert [update._filter["_id"] for update in found] == [JOB_ID, "next", "cancelled"]
    assert redactions(folded([completed(BEATS), progressed(BEATS, 30)])) == []


def test_in_a_batch_with_its_cancellation_a_submission_is_stored_only_after_the_stored_one_is_redacted() -> None:
    jobs = folded([submitted(), JobCancelled(job_id=JOB_ID, at=START)])
    assert "submitted" not in upsert(jobs[JOB_ID])["$max"]
    assert len(redactions(jobs)) == 2
