"""Removes expired jobs: first the files, then the callbacks, and the stored job last, so that the rest can be found."""

from datetime import UTC, datetime, timedelta

import structlog

from services.status.database.outbox import Outbox
from services.status.database.store import Store
from shared.errors import StorageUnavailableError
from shared.events import JobExpired
from shared.storage.job_files import Storage
from shared.telemetry.metrics import EXPIRED, JOBS_LEFT_OUT

log = structlog.get_logger()


async def remove_expired(store: Store, storage: Storage, outbox: Outbox, ttl: timedelta) -> None:
    """Remove every job that was created more than `ttl` ago or has expired. Raises TransientError."""
    now = datetime.now(UTC)
    async for job_id in store.due(now - ttl):
        try:
            await store.fold([JobExpired(job_id=job_id, at=now)])  # through the broker it might arrive too late
            await storage.delete_job(job_id)
            await outbox.delete_job(job_id)
            await store.delete(job_id)
        except StorageUnavailableError:  # it would fail for every job, after waiting for each
            raise
        except Exception:  # one job that cannot be removed must not stop the others
            JOBS_LEFT_OUT.inc()
            log.exception("job not removed; the next sweep tries again", job_id=job_id)
        else:
            EXPIRED.inc()
            log.info("job removed", job_id=job_id)
