"""Phases of an attempt, for metrics: waiting in the queue, loading inputs, computing, writing results."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from shared.broker.delivery import Delivery
from shared.events import JobEvent
from shared.tasks import Task
from shared.telemetry import tracing
from shared.telemetry.metrics import PHASE_SECONDS

Phase = Literal["load", "compute", "write"]


@contextmanager
def phase(task: Task, name: Phase) -> Iterator[None]:
    """Measure the block's duration, also when it raises."""
    with PHASE_SECONDS.labels(task, name).time(), tracing.tracer.start_as_current_span(name):
        yield


def note_wait(task: Task, cause: JobEvent, delivery: Delivery) -> None:
    """Record how long a task has waited since the event that started it, by the clocks of two machines.

    Later attempts are left out: they waited for being retried.
    """
    if delivery.attempt == 1:
        waited = datetime.now(UTC) - cause.at
        PHASE_SECONDS.labels(task, "queue").observe(max(0.0, waited.total_seconds()))
