"""Counts ended jobs by outcome, for alerts and dashboards. The counts are approximate: see the metric's help."""

from collections.abc import Iterable

import structlog

from services.status.database.store import Store
from services.status.fold.outcome import PROJECTION, outcome_of
from shared.errors import TransientError
from shared.events import Event, JobCancelled, TaskCompleted, TaskFailed
from shared.telemetry.metrics import JOB_SECONDS, JOBS, initialize_labels

log = structlog.get_logger()


class OutcomeCounter:
    def __init__(self, store: Store) -> None:
        self._store = store
        initialize_labels(JOBS, ("completed",), ("failed",), ("cancelled",))

    async def count(self, events: Iterable[Event]) -> None:
        """Count the jobs that have ended with `events`, which have just been folded; none without the database."""
        job_ids = {event.job_id for event in events if _may_end_its_job(event)}
        if not job_ids:
            return
        try:
            rows = await self._store.rows(sorted(job_ids), PROJECTION)
        except TransientError as error:
            log.warning("ended jobs not counted", jobs=len(job_ids), error=str(error))
            return
        for outcome in filter(None, map(outcome_of, rows)):
            JOBS.labels(outcome.outcome).inc()
            if outcome.seconds is not None:
                JOB_SECONDS.observe(outcome.seconds)


def _may_end_its_job(event: Event) -> bool:
    match event:
        case TaskCompleted(refined=refined):
            return not refined
        case _:
            return isinstance(event, TaskFailed | JobCancelled)
