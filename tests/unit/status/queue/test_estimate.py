from datetime import timedelta

import pytest

from services.status.database.codec import storable
from services.status.queue.estimate import Place, Queue, Unfinished, rounded, speed, with_outlook
from services.status.queue.rows import unfinished
from shared.document import JobDocument
from shared.events import Event, Task, TasksRerun, rfc3339
from shared.job import fold_all
from shared.view import view
from tests.fakes import JOB_ID, START, after, completed, failed, progressed, refined, started, submitted

SEPARATION, TRANSCRIPTION, BEATS = Task
SPEEDS = {SEPARATION: 1.0, TRANSCRIPTION: 0.5, BEATS: 0.1}
EMPTY = Queue.of([])


def earlier(minutes: float, job_id: str = "other") -> Place:
    return rfc3339(START - timedelta(minutes=minutes)), job_id


def document(*events: Event, queue: Queue = EMPTY, speeds: dict[Task, float] = SPEEDS) -> JobDocument:
    """Of a song of 180 s."""
    return with_outlook(view(fold_all(events)), queue, speeds)


def test_a_job_alone_takes_as_long_as_its_longest_chain() -> None:
    assert document(submitted()).eta_seconds == 180 * (1.0 + 0.5)
    assert document(submitted(BEATS)).eta_seconds == 18
    assert document(submitted(SEPARATION, BEATS)).eta_seconds == 180


def test_what_is_done_of_a_task_counts_no_more() -> None:
    assert document(submitted(SEPARATION), progressed(SEPARATION, 50)).eta_seconds == 90
    assert document(submitted(), completed(SEPARATION), progressed(TRANSCRIPTION, 50)).eta_seconds == 45
    assert document(submitted(), failed(SEPARATION)).eta_seconds == 18


def test_a_job_over_has_neither_position_nor_time_to_go() -> None:
    over = document(submitted(BEATS), completed(BEATS))
    assert (over.queue_position, over.eta_seconds) == (None, None)


def test_an_unknown_speed_is_not_made_up() -> None:
    assert document(submitted(), speeds={SEPARATION: 1.0}).eta_seconds is None
    assert document(submitted(SEPARATION), speeds={SEPARATION: 1.0}).eta_seconds == 180
    assert speed([]) is None


def test_the_speed_is_that_of_the_task_in_the_middle() -> None:
    assert speed([(1, 10), (2, 10), (900, 10), (3, 0)]) == 0.2


def test_whoever_came_earlier_goes_first_and_workers_share_the_work() -> None:
    later = Unfinished((rfc3339(after(60)), "later"), 600, (SEPARATION,))
    waiting = [Unfinished(earlier(n, f"job-{n}"), 100, (SEPARATION,)) for n in (1, 2)]
    running = [Unfinished(earlier(9, f"run-{n}"), 100, (), {SEPARATION: 40}) for n in (1, 2)]
    queue = Queue.of([later, *waiting, *running])
    shown = document(submitted(SEPARATION), queue=queue)
    assert shown.queue_position == 3
    assert shown.eta_seconds == 330  # (2 * 60 + 2 * 100) / 2 + 180, to the half minute
    assert document(submitted(SEPARATION), queue=Queue.of(waiting)).eta_seconds == 390  # 200 + 180


def test_only_the_queue_of_a_chains_next_task_is_waited_for() -> None:
    queue = Queue.of([Unfinished(earlier(1), 100, (SEPARATION, TRANSCRIPTION))])
    assert document(submitted(), queue=queue).eta_seconds == 360  # 100 + 180 + 90
    assert document(submitted(), completed(SEPARATION), queue=queue).eta_seconds == 0.5 * 100 + 90
    assert document(submitted(), started(SEPARATION), queue=queue).eta_seconds == 270


def test_a_jobs_place_is_that_of_its_first_task() -> None:
    queue = Queue.of([Unfinished(earlier(1), 100, (SEPARATION,)), Unfinished(earlier(2), 100, (BEATS,))])
    assert document(submitted(), started(BEATS), queue=queue).queue_position == 2
    assert document(submitted(TRANSCRIPTION, BEATS), queue=queue).queue_position == 1


def test_a_job_that_has_begun_or_was_run_before_has_no_position() -> None:
    again = TasksRerun(job_id=JOB_ID, at=after(70), run=1, tasks=(BEATS,))
    assert document(submitted(BEATS)).queue_position == 1
    assert document(submitted(), started(SEPARATION)).queue_position is None
    assert document(submitted(), completed(SEPARATION)).queue_position is None
    assert document(submitted(BEATS), failed(BEATS), again).queue_position is None


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, 0), (29.4, 29), (31, 30), (104, 105), (310, 300), (316, 330)])
def test_time_to_go_is_told_no_finer_than_anybody_knows(seconds: float, shown: float) -> None:
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
def test_a_row_says_the_same_of_a_job_as_its_document(events: list[Event]) -> None:
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
