import pytest

from shared.tasks import JobState, Task, TaskState, can_start, chains, job_state, states

SEPARATION, TRANSCRIPTION, BEATS = Task
COMPLETED, FAILED, STARTED = "task_completed", "task_failed", "task_started"


def test_the_rows_are_consistent() -> None:
    order = list(Task)
    for task in Task:
        for before in (task.waits_for, task.refined_by):
            assert before is None or order.index(before) < order.index(task)
        assert task.row.reads is None or task.waits_for, "a stem is made by the task it waits for"
    assert len({task.queue for task in Task}) == len(Task)
    made = [name for task in Task for name in task.row.makes]
    assert len({*made}) == len(made)


def test_a_task_that_was_not_requested_is_skipped() -> None:
    assert states((BEATS,), {}) == {SEPARATION: "skipped", TRANSCRIPTION: "skipped", BEATS: "queued"}


def test_a_task_is_skipped_when_the_one_it_waits_for_fails() -> None:
    assert states(tuple(Task), {SEPARATION: FAILED})[TRANSCRIPTION] == "skipped"
    assert states((TRANSCRIPTION,), {})[TRANSCRIPTION] == "queued"


def test_a_task_is_processing_from_its_first_event_until_its_last() -> None:
    assert [
        states((BEATS,), {BEATS: event})[BEATS] for event in (None, STARTED, "task_progressed", COMPLETED, FAILED)
    ] == [
        "queued",
        "processing",
        "processing",
        "completed",
        "failed",
    ]


def test_all_tasks_of_a_cancelled_job_are_skipped() -> None:
    assert set(states(tuple(Task), {BEATS: COMPLETED, SEPARATION: STARTED}, cancelled=True).values()) == {"skipped"}


@pytest.mark.parametrize(
    ("tasks", "state"),
    [
        (("queued", "queued", "skipped"), "queued"),
        (("processing", "queued", "queued"), "processing"),
        (("completed", "queued", "queued"), "processing"),
        (("failed", "skipped", "processing"), "processing"),
        (("failed", "skipped", "completed"), "failed"),
        (("completed", "skipped", "completed"), "completed"),
    ],
)
def test_the_state_of_a_job_follows_from_those_of_its_tasks(tasks: tuple[TaskState, ...], state: JobState) -> None:
    assert job_state(dict(zip(Task, tasks, strict=True))) == state


@pytest.mark.parametrize(
    ("state", "possible"), [("queued", False), ("processing", False), ("completed", True), ("skipped", True)]
)
def test_a_task_can_start_when_the_one_it_waits_for_is_completed_or_skipped(
    state: TaskState, *, possible: bool
) -> None:
    found: dict[Task, TaskState] = {SEPARATION: state, TRANSCRIPTION: "queued", BEATS: "queued"}
    assert can_start(TRANSCRIPTION, found) is possible
    assert can_start(BEATS, found)


def test_a_chain_leads_from_a_task_that_waits_for_none_to_one_that_nobody_waits_for() -> None:
    assert chains() == ((SEPARATION, TRANSCRIPTION), (BEATS,))
