"""Recovers tasks whose message is lost: one that has started fails, one that has not is published again."""

from datetime import UTC, datetime, timedelta

import structlog

from services.status.database.store import Store
from services.status.sweeps.one_job import one_job
from shared.broker.bus import Bus
from shared.events import GREATEST, TaskFailed, TasksRerun
from shared.job import Job
from shared.tasks import Task, TaskState, can_start

log = structlog.get_logger()


async def recover_stalled_tasks(bus: Bus, store: Store, silence: timedelta) -> None:
    """Publish or fail the tasks of jobs without an event for this long. All events must have been folded.

    A task may just be waiting while its queue is not empty, so it is left alone. A late result still completes a task
    that has been failed here. Raises TransientError.
    """
    idle = {task for task in Task if await bus.backlog(task.queue) == 0}
    async for job in store.silent_for(silence):
        assert job.submission
        with one_job(job.submission.job_id):
            for task, state in _pending(job):
                if task in idle and await bus.backlog(task.queue) == 0 and await _is_unchanged(store, job):
                    if state == "processing":
                        await _fail(bus, job, task, silence)
                    else:
                        await _publish_again(bus, job, task)


def _pending(job: Job) -> list[tuple[Task, TaskState]]:
    """Return the tasks that should be running by now, with their states."""
    states = job.states()
    return [
        (task, state)
        for task, state in states.items()
        if state == "processing" or (state == "queued" and can_start(task, states))
    ]


async def _is_unchanged(store: Store, job: Job) -> bool:
    """Return False if the job has changed since it was read: its task may have started, which emptied the queue."""
    assert job.submission
    return await store.get(job.submission.job_id) == job


async def _fail(bus: Bus, job: Job, task: Task, silence: timedelta) -> None:
    last = job.event(task)
    assert last
    log.error("task silent", job_id=last.job_id, task=task, attempt=last.attempt)
    await bus.publish(
        TaskFailed(
            **last.model_dump(include={"job_id", "task", "run", "attempt"}),
            at=datetime.now(UTC),
            seq=min(last.seq + 1, GREATEST),
            summary="The task was given up",
            error=f"The task was given up: no event arrived for {silence.total_seconds() / 60:.0f} minutes",
            error_code="task_silent",
        )
    )


async def _publish_again(bus: Bus, job: Job, task: Task) -> None:
    """Replace a message that was lost with a deleted queue or with the data of a broker."""
    submission = job.submission
    assert submission
    log.error("task lost; it is published again", job_id=submission.job_id, task=task)
    run = job.run(task)
    event = TasksRerun(job_id=submission.job_id, at=datetime.now(UTC), run=run, tasks=(task,)) if run else submission
    await bus.publish(event, (task,))
