"""Encodes results to other formats, each once on its first request, and stores them beside the others."""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final, get_args

import structlog

from services.gateway.media.processes import Slots, run_child
from shared.errors import PermanentError, StorageFullError, TransientError, on_a_full_disk
from shared.events import AudioFormat
from shared.storage.job_files import Storage
from shared.storage.objects import Head
from shared.web.problem import Problem

log = structlog.get_logger()

MAX_CONCURRENT: Final = max(1, len(os.sched_getaffinity(0)) // 2)
"""Half of the processors. The others are for decoding uploads, which is more urgent."""
WAIT_SECONDS: Final = 60.0
MAX_PENDING: Final = 20
"""Most files that are being encoded or wait for it: about all audio of one job in all formats."""
SOURCES: Final = ("flac", "wav", "opus", "mp3")
"""Formats to encode from, the best first."""
BUSY: Final = "Too many files are being encoded"


class Encodings:
    """Encodes `sounds` on demand.

    Concurrent requests for a file share one encoding. Two gateways may both encode it; the results are equal.
    """

    def __init__(self, storage: Storage, sounds: Collection[str]) -> None:
        self._storage = storage
        self._sounds = sounds
        self._slots = Slots(MAX_CONCURRENT, WAIT_SECONDS, BUSY)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def head(self, job_id: str, name: str) -> Head | None:
        """Return the head of the result `name`, after encoding it if only other formats exist; None if there is none.

        Raises TransientError `busy`, StorageFullError, and Problem 500 for a file that cannot be encoded.
        """
        key = f"{job_id}/{name}"
        head = await self._storage.head(key)
        if head is None and (source := self._source(name, await self._storage.sizes(job_id))):
            await asyncio.shield(self._start(job_id, source, name))  # other requests may wait for the same encoding
            head = await self._storage.head(key)
        return head

    def _source(self, name: str, existing: Collection[str]) -> str | None:
        """Return the best existing file with the same sound as `name`, in another format."""
        path = PurePath(name)
        if path.stem not in self._sounds or path.suffix.removeprefix(".") not in get_args(AudioFormat):
            return None
        return next((other for form in SOURCES if (other := f"{path.stem}.{form}") in existing), None)

    def _start(self, job_id: str, source: str, name: str) -> asyncio.Task[None]:
        key = f"{job_id}/{name}"
        if key not in self._running:
            if len(self._running) >= MAX_PENDING:
                raise TransientError(BUSY, code="busy")
            self._running[key] = asyncio.create_task(self._encode(job_id, source, name))
            self._running[key].add_done_callback(lambda _: self._running.pop(key))
        return self._running[key]

    async def _encode(self, job_id: str, source: str, name: str) -> None:
        """Encode, and repeat if the source was replaced meanwhile, so that no outdated file remains."""
        encoded = None
        async with self._slots.slot():
            while encoded != (head := await self._storage.head(f"{job_id}/{source}")):
                encoded = head
                await self._encode_once(job_id, source, name)

    async def _encode_once(self, job_id: str, source: str, name: str) -> None:
        """Encode and store the file, unless the job was cancelled or has expired meanwhile."""
        started = monotonic()
        with on_a_full_disk(), TemporaryDirectory(prefix="encode-") as folder:
            try:
                read = await self._storage.fetch(f"{job_id}/{source}", Path(folder, f"from-{source}"))
            except PermanentError:
                return
            written = Path(folder, name)
            outcome = await run_child("services.gateway.media.encoder", read, written) or {"code": "unreadable"}
            if outcome.get("code") == StorageFullError.code:
                raise StorageFullError("The disk is full", "no space for the encoded file")
            if "code" in outcome:
                raise Problem(500, "not_encoded", "The file could not be encoded. Choose another format.")
            if await self._storage.manifest(job_id) is None:
                return
            await self._storage.put(f"{job_id}/{name}", written)
        if await self._storage.manifest(job_id) is None:
            await self._storage.delete_job(job_id)
        log.info("encoded", job_id=job_id, name=name, source=source, seconds=round(monotonic() - started, 3))
