"""A partial result that an engine writes while it computes: stored and announced, while the computation continues."""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from shared.errors import TransientError
from shared.storage.job_files import PARTIAL_LYRICS, Storage
from shared.worker.progress import Progress

log = structlog.get_logger()

STORE_SECONDS: Final = 5.0
"""Longest time that a slow storage may delay reports of progress."""


class Preview:
    """The partial lyrics of one attempt. They have an object of their own, so that they never replace a final result.

    That happens otherwise: a worker that was believed dead stores the first lines after another one has stored all.
    """

    def __init__(self, storage: Storage, job_id: str, out: Path, progress: Progress) -> None:
        self._storage = storage
        self._job_id = job_id
        self._file = out / PARTIAL_LYRICS
        self._progress = progress
        self._lines = 0

    async def store(self, lines: int) -> None:
        """Store and announce the partial result if it has `lines`, more than before. An outage postpones that.

        Stores nothing for a job that was deleted meanwhile.
        """
        if lines <= self._lines:
            return
        try:
            async with asyncio.timeout(STORE_SECONDS):
                if await self._storage.manifest(self._job_id) is None:
                    return
                await self._storage.put(f"{self._job_id}/{self._file.name}", self._file)
        except (TransientError, TimeoutError) as error:
            log.warning("partial result not stored", error=str(error))
            return
        self._lines = lines
        await self._progress.previewed(lines)
