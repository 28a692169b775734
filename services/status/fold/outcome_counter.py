"""Counts the ends of jobs, each once, however many replicas hear of it and however often."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from services.status.database.store import Store
from services.status.fold.counted import Counted
from services.status.fold.outcome import JobOutcome
from shared.errors import TransientError
from shared.events import Event, JobCancelled, TaskCompleted, TaskFailed
from shared.telemetry.metrics import JOB_SECONDS, JOBS, initialize_labels

log = structlog.get_logger()

SECONDS_APART: Final = 2.0
AT_ONCE: Final = 500


class OutcomeCounter:
    """Folding only notes which jobs may have ended; what became of them is looked at later, for many in one go."""

    def __init__(self, store: Store) -> None:
        self._counted = Counted(store)
        self._maybe_over: set[str] = set()
        initialize_labels(JOBS, ("completed",), ("failed",), ("cancelled",))

    def note(self, events: Iterable[Event]) -> None:
        self._maybe_over.update(e.job_id for e in events if isinstance(e, TaskCompleted | TaskFailed | JobCancelled))

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        """Until left; then once more."""
        counting = asyncio.create_task(self._count_forever())
        try:
            yield
        finally:
            counting.cancel()
            await asyncio.wait({counting})
            with suppress(TransientError):
                await self.count()

    async def _count_forever(self) -> None:
        while True:
            await asyncio.sleep(SECONDS_APART)
            try:
                await self.count()
            except TransientError as error:
                log.warning("ends of jobs are not counted yet", error=str(error))
            except Exception:  # those that come later are to be counted all the same
                log.exception("ends of jobs not counted")
                self._maybe_over.clear()

    async def count(self) -> None:
        """Raises TransientError, and then looks at the same jobs next time."""
        while asked := list(self._maybe_over)[:AT_ONCE]:
            over = await self._counted.ends(asked)
            for name in await self._counted.first_to_tell(over):
                _count(over[name])
            self._maybe_over.difference_update(asked)


def _count(end: JobOutcome) -> None:
    JOBS.labels(end.outcome).inc()
    if end.seconds is not None:
        JOB_SECONDS.observe(end.seconds)
