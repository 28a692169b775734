from services.status.database.upserts import upserts
from shared.tasks import Task
from tests.fakes import JOB_ID, completed, progressed, submitted

BEATS = Task.BEAT_ANALYSIS


def test_the_events_of_a_job_are_combined_into_one_update() -> None:
    other = submitted(job_id="other")
    updates = upserts([submitted(), progressed(BEATS, 40, seq=2), other, progressed(BEATS, 30, seq=1)])
    assert list(updates) == [JOB_ID, "other"]
    assert updates[JOB_ID]["$max"]["beat_analysis"]["event"]["progress"] == 40
    assert updates[JOB_ID]["$max"]["beat_analysis_progress"] == {"order": [0, 40], "event": None}


def test_the_order_is_the_first_field_of_a_register() -> None:
    for update in upserts([submitted(), completed(BEATS)]).values():
        assert all(next(iter(register)) == "order" for register in update["$max"].values())
