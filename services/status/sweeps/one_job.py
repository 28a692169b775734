"""Keeps an error of one job from stopping a sweep."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from shared.errors import TransientError
from shared.telemetry.metrics import JOBS_LEFT_OUT

log = structlog.get_logger()


@contextmanager
def one_job(job_id: str) -> Iterator[None]:
    """Log an unexpected error in the block, so that the sweep goes on with the next job. Raises TransientError."""
    try:
        yield
    except TransientError:  # it would fail for every job, after waiting for each
        raise
    except Exception:
        JOBS_LEFT_OUT.inc()
        log.exception("job left out of the sweep", job_id=job_id)
