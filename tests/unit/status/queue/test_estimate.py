from datetime import timedelta

import pytest

from services.status.database.codec import storable
from services.status.queue.estimate import PositionKey, Queue, Unfinished, rounded, speed, with_estimate
from services.status.queue.rows import unfinished
from shared.document import JobDocument
from shared.events import Event, TasksRerun, rfc3339
from shared.job import fold_all
from shared.tasks import Task
from shared.view import view
from tests.fakes import JOB_ID, START, after, completed, failed, progressed, refined, started, submitted

SEPARATION, TRANSCRIPTION, BEATS = Task
SPEEDS = {SEPARATION: 1.0, TRANSCRIPTION: 0.5, BEATS: 0.1}
EMPTY = Queue.of([])


def earlier(minutes: float, job_id: str = "other") -> PositionKey:
    return rfc3339(START - timedelta(minutes=minutes)), job_id


def document(*events: Event, queue: Queue = EMPTY, speeds: dict[Task, float] = SPEEDS) -> JobDocument:
    """Derive the document of a job with a song of 180 s."""
    return with_estimate(view(fold_all(events)), queue, speeds)


def test_a_single_job_takes_as_long_as_its_longest_chain() -> None:
    assert document(submitted()).eta_seconds == 180 * (1.0 + 0.5)
    assert document(submitted(BEATS)).eta_seconds == 18
    assert document(submitted(SEPARATION, BEATS)).eta_seconds == 180


def test_completed_work_of_a_task_does_not_count() -> None:
    assert document(submitted(SEPARATION), progressed(SEPARATION, 50)).eta_seconds == 90
    assert document(submitted(), completed(SEPARATION), progressed(TRANSCRIPTION, 50)).eta_seconds == 45
    assert document(submitted(), failed(SEPARATION)).eta_seconds == 18


def test_a_finished_job_has_neither_position_nor_remaining_time() -> None:
    over = document(submitted(BEATS), completed(BEATS))
    assert (over.queue_position, over.eta_seconds) == (None, None)


def test_without_a_known_speed_there_is_no_estimate() -> None:
    assert document(submitted(), speeds={SEPARATION: 1.0}).eta_seconds is None
    assert document(submitted(SEPARATION), speeds={SEPARATION: 1.0}).eta_seconds == 180
    assert speed([]) is None


def test_the_speed_is_the_median() -> None:
    assert speed([(1, 10), (2, 10), (900, 10), (3, 0)]) == 0.2


def test_earlier_jobs_are_first_and_workers_share_the_work() -> None:
    later = Unfinished((rfc3339(after(60)), "later"), 600, (SEPARATION,))
    waiting = [Unfinished(earlier(n, f"job-{n}"), 100, (SEPARATION,)) for n in (1, 2)]
    running = [Unfinished(earlier(9, f"run-{n}"), 100, (), {SEPARATION: 40}) for n in (1, 2)]
    queue = Queue.of([later, *waiting, *running])
    shown = document(submitted(SEPARATION), queue=queue)
    assert shown.queue_position == 3
    assert shown.eta_seconds == 330  # (2 * 60 + 2 * 100) / 2 + 180, rounded to half a minute
    assert document(submitted(SEPARATION), queue=Queue.of(waiting)).eta_seconds == 390  # 200 + 180


def test_only_the_queue_of_the_next_task_of_a_chain_counts() -> None:
    queue = Queue.of([Unfinished(earlier(1), 100, (SEPARATION, TRANSCRIPTION))])
    assert document(submitted(), queue=queue).eta_seconds == 360  # 100 + 180 + 90
    assert document(submitted(), completed(SEPARATION), queue=queue).eta_seconds == 0.5 * 100 + 90
    assert document(submitted(), started(SEPARATION), queue=queue).eta_seconds == 270


def test_the_position_is_that_of_the_first_task() -> None:
    queue = Queue.of([Unfinished(earlier(1), 100, (SEPARATION,)), Unfinished(earlier(2), 100, (BEATS,))])
    assert document(submitted(), started(BEATS), queue=queue).queue_position == 2
    assert document(submitted(TRANSCRIPTION, BEATS), queue=queue).queue_position == 1


def test_a_job_that_has_started_or_was_run_again_has_no_position() -> None:
    again = TasksRerun(job_id=JOB_ID, at=after(70), run=1, tasks=(BEATS,))
    assert document(submitted(BEATS)).queue_position == 1
    assert document(submitted(), started(SEPARATION)).queue_position is None
    assert document(submitted(), completed(SEPARATION)).queue_position is None
    assert document(submitted(BEATS), failed(BEATS), again).queue_position is None


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, 0), (29.4, 29), (31, 30), (104, 105), (310, 300), (316, 330)])
def test_the_remaining_time_is_rounded(seconds: float, shown: float) -> None:
    assert rounded(seconds) == shown


RETRIED = TasksRerun(job_id=JOB_ID, at=after(70), run=1, tasks=(SEPARATION, TRANSCRIPTION))


@pytest.mark.parametrize(
    "events",
    [
        [],
        [started(SEPARATION)],
        [progressed(SEPARATION, 40), started(SEPARATION, attempt=2)],
        [completed(SEPARATION), progressed(TRANSCRIPTION, 30), failed(BEATS)],
        [completed(SEPARATION), refined(BEATS), progressed(BEATS, 30)],
        [failed(SEPARATION)],
        [failed(SEPARATION), completed(BEATS)],
        [failed(SEPARATION), completed(BEATS), RETRIED],
        [failed(SEPARATION), completed(BEATS), RETRIED, progressed(SEPARATION, 7, run=1)],
        [completed(task) for task in Task],
    ],
)
def test_a_row_agrees_with_the_document(events: list[Event]) -> None:
    history: list[Event] = [submitted(), *events]
    job = fold_all(history)
    row = {"_id": JOB_ID, **storable(job.registers)}
    del row["updated"]
    shown, seen = view(job), unfinished(row)
    states = {task: shown.task(task) for task in Task}
    waiting = tuple(task for task in Task if states[task].status == "queued")
    running = {task: state.progress for task, state in states.items() if state.status == "processing"}
    assert (seen is None) == shown.is_over
    if seen:
        assert (seen.waiting, seen.running) == (waiting, running)
