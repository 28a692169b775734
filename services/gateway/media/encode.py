"""Encodes results to other formats, each once on its first request, and stores them beside the others."""

import asyncio
import json
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final, get_args

import structlog

from services.gateway.media.processes import MAX_ENCODERS, Slots, run_child
from shared.errors import PermanentError, StorageFullError, TransientError, on_a_full_disk
from shared.events import AudioFormat
from shared.rhythm import click
from shared.storage.job_files import BEATS, Storage, corrected
from shared.storage.objects import Head
from shared.web.problem import Problem

log = structlog.get_logger()

WAIT_SECONDS: Final = 60.0
MAX_PENDING: Final = 100
"""Most files that are being encoded or wait for it."""
MAX_PENDING_OF_ONE: Final = 20
"""Most of them for one caller: about all audio of one job in all formats."""
SOURCES: Final = ("flac", "wav", "opus", "mp3")
"""Formats to encode from, the best first."""
BUSY: Final = "Too many files are being encoded"


@dataclass
class _Encoding:
    task: asyncio.Task[None]
    caller: Hashable
    waiting: int = 0
    """Requests that wait for the file."""


class Encodings:
    """Encodes `sounds` on demand.

    The click track of corrected beats, `click-<number>`, is made from the beats.

    Concurrent requests for a file share one encoding, which ends when its last request does. Two gateways may both
    encode it; the results are equal.
    """

    def __init__(self, storage: Storage, sounds: Collection[str]) -> None:
        self._storage = storage
        self._sounds = sounds
        self._slots = Slots(MAX_ENCODERS, WAIT_SECONDS, BUSY)
        self._running: dict[str, _Encoding] = {}

    async def head(self, job_id: str, name: str, caller: Hashable) -> Head | None:
        """Return the head of the result `name`, after encoding it if only other formats exist; None if there is none.

        Raises TransientError `busy`, StorageFullError, and Problem 500 for a file that cannot be encoded.
        """
        key = f"{job_id}/{name}"
        head = await self._storage.head(key)
        if head is None and (source := self._source(name, await self._storage.sizes(job_id))):
            await self._wait_for_encoding(job_id, source, name, caller)
            head = await self._storage.head(key)
        return head

    def _source(self, name: str, existing: Collection[str]) -> str | None:
        """Return the best existing file to make `name` from: the same sound in another format, or the beats."""
        path = PurePath(name)
        sound, _, correction = path.stem.partition("-")
        if sound not in self._sounds or path.suffix.removeprefix(".") not in get_args(AudioFormat):
            return None
        sources = [f"{path.stem}.{form}" for form in SOURCES]
        if correction:
            sources.append(corrected(BEATS, int(correction)))
        return next((source for source in sources if source in existing), None)

    async def _wait_for_encoding(self, job_id: str, source: str, name: str, caller: Hashable) -> None:
        key = f"{job_id}/{name}"
        if key not in self._running:
            of_caller = sum(encoding.caller == caller for encoding in self._running.values())
            if len(self._running) >= MAX_PENDING or of_caller >= MAX_PENDING_OF_ONE:
                raise TransientError(BUSY, code="busy")
            self._running[key] = _Encoding(asyncio.create_task(self._encode(job_id, source, name, caller)), caller)
        encoding = self._running[key]
        encoding.waiting += 1
        try:
            await asyncio.shield(encoding.task)  # other requests may wait for the same encoding
        finally:
            encoding.waiting -= 1
            if not encoding.waiting:
                encoding.task.cancel()
                del self._running[key]

    async def _encode(self, job_id: str, source: str, name: str, caller: Hashable) -> None:
        """Encode, and repeat if the source was replaced meanwhile, so that no outdated file remains."""
        encoded = None
        async with self._slots.slot(caller):
            while encoded != (head := await self._storage.head(f"{job_id}/{source}")):
                encoded = head
                await self._encode_once(job_id, source, name)

    async def _encode_once(self, job_id: str, source: str, name: str) -> None:
        """Encode and store the file, unless the job was cancelled or has expired meanwhile."""
        started = monotonic()
        with on_a_full_disk(), TemporaryDirectory(prefix="encode-") as folder:
            try:
                read = await self._storage.fetch(f"{job_id}/{source}", Path(folder, f"from-{source}"))
                if read.suffix == ".json":
                    read = await self._click_track(job_id, read)
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
        await self._storage.delete_leftovers(job_id)
        log.info("encoded", job_id=job_id, name=name, source=source, seconds=round(monotonic() - started, 3))

    async def _click_track(self, job_id: str, beats: Path) -> Path:
        """Write the click track of `beats` beside it, as long as the song. Raises PermanentError for a deleted job."""
        submission = await self._storage.manifest(job_id)
        if submission is None:
            raise PermanentError("The job's files are missing", code="files_missing")
        samples = round(submission.song.audio_duration * click.HZ)
        track = beats.with_suffix(".wav")
        await asyncio.to_thread(_write_click, track, beats, samples)
        return track


def _write_click(track: Path, beats: Path, samples: int) -> None:
    found = json.loads(beats.read_bytes())["beats"]
    click.write_wav(track, [beat["time"] for beat in found], [beat["position"] for beat in found], samples)
