"""Dead letters become failures of their tasks, so that a job always ends."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import structlog
from aio_pika.abc import AbstractIncomingMessage

from services.status.fold.genuine import is_genuine
from shared.broker.bus import Bus
from shared.broker.connection import BROKER_ERRORS
from shared.broker.delivery import REPUBLISHED_HEADER, Delivery, count_in
from shared.broker.topology import DELIVERY_LIMIT, STATUS_QUEUE
from shared.errors import TransientError
from shared.events import AlignmentFailed, AlignmentRequested, Event, TaskEvent, TaskFailed, TasksRerun, decode
from shared.job import is_refinement
from shared.tasks import Task
from shared.telemetry import tracing
from shared.telemetry.logs import log_fields
from shared.telemetry.metrics import DEAD_LETTERS

log = structlog.get_logger()

GIVEN_UP: Final = f"The task was given up: {DELIVERY_LIMIT + 1} workers in a row ended without an answer"
REPUBLISHED_AT_MOST: Final = 10
"""Times that an event is published again. Each time, status may die of it four times."""


async def on_dead_letter(bus: Bus, queue: str, message: AbstractIncomingMessage) -> None:
    """Publish what the message's worker could not, and settle it."""
    DEAD_LETTERS.labels(queue).inc()
    try:
        event = decode(message.body)
    except ValueError as error:
        log.error("dead letter", queue=queue, bytes=len(message.body), error=str(error))  # noqa: TRY400 -- says it all
    else:
        with (
            structlog.contextvars.bound_contextvars(**log_fields(event)),
            tracing.received("dead letter", message.headers, queue=queue),
        ):
            log.error("dead letter", queue=queue, type=event.type)
            try:
                await _replace(bus, queue, event, message)
            except TransientError:  # the dead letter is delivered again
                with suppress(*BROKER_ERRORS):
                    await message.nack(requeue=True)
                return
            except Exception:  # an unsettled message would keep its place among the few that are received at once
                log.exception("dead letter given up")
    with suppress(*BROKER_ERRORS):
        await message.ack()


async def _replace(bus: Bus, queue: str, event: Event, message: AbstractIncomingMessage) -> None:
    """Publish the task's failure for a worker's queue, and the event itself for the status queue, but not for ever.

    Nothing replaces a refinement, whose first result stays.
    """
    if queue == STATUS_QUEUE:
        if not is_genuine(event, message, bus.signer):  # publishing would sign it
            return
        republished = count_in(message.headers.get(REPUBLISHED_HEADER))
        if republished < REPUBLISHED_AT_MOST:
            await bus.publish(event, republished=republished + 1)
        else:
            log.error("event given up: it cannot be folded")
        return
    task = next(task for task in Task if task.queue == queue)
    if isinstance(event, AlignmentRequested):
        await bus.publish(_alignment_failure(event))
    elif is_refinement(task, event):
        log.warning("refinement given up; the first result stays")
    else:
        await bus.publish(_failure(task, event, message))


def _alignment_failure(event: AlignmentRequested) -> AlignmentFailed:
    return AlignmentFailed(
        job_id=event.job_id, at=datetime.now(UTC), number=event.number, error=GIVEN_UP, error_code="worker_died"
    )


def _failure(task: Task, event: Event, message: AbstractIncomingMessage) -> TaskFailed:
    # Not the broker's own count: RabbitMQ from 4.3 continues it in the dead-letter queue, earlier versions start again.
    attempts = Delivery.of(message).earlier + 1 + DELIVERY_LIMIT
    return TaskFailed(
        job_id=event.job_id,
        at=datetime.now(UTC),
        task=task,
        run=event.run if isinstance(event, TaskEvent | TasksRerun) else 0,
        attempt=attempts,
        seq=0,
        summary="The task was given up",
        error=GIVEN_UP,
        error_code="worker_died",
    )
