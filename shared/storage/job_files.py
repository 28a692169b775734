"""Files of a job: their names, and the marker objects by which services coordinate.

A job's folder is `<job_id>/`. docs/architecture/04-storage.md lists every object with its writers and readers.
"""

import re
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Final

import structlog

from shared.events import JobSubmitted, Options, encode
from shared.signing import Signer
from shared.storage.objects import MISSING, ObjectStore
from shared.tasks import Input, Task

log = structlog.get_logger()

SONG: Final = "song.flac"
"""The decoded upload: FLAC, 16 bit, 44.1 kHz, stereo."""
LYRICS: Final = "words.txt"
"""Lyrics that the user supplied, normalized by `shared.user_lyrics`. Missing when none were supplied."""
TAGS: Final = "tags.json"
"""Title and artist (`shared.lyrics.tags.Tags`) that the upload names. Missing when it names only one or none."""
BEATS: Final = "beats.json"
"""Result of the beat analysis. Missing before it has completed, or when it was not requested."""
PARTIAL_LYRICS: Final = "lyrics.partial.json"
"""The lines that are certain while the transcription continues. It counts only as long as the job's document says so:
it stays when the attempt ends or dies."""
MANIFEST: Final = "manifest.json"
"""The job's `JobSubmitted`, for workers, and for status until the broker has delivered it. Deleted last."""
SIGNATURE: Final = "manifest.signature"
"""Signature of the manifest by the gateway, if there is a SUBMISSION_SECRET. Written first."""
ANNOUNCED: Final = "announced"
"""Empty: the broker has confirmed the job."""


def stem_file(stem: str, options: Options) -> str:
    return f"{stem}.{options.format}"


def audio_file(task: Task, options: Options) -> str:
    """Name of the audio that a task works on: a stem when the job has the task that makes it, else the song."""
    stem = task.row.reads
    return stem_file(stem, options) if stem and task.must_wait(options.tasks) else SONG


def input_file(name: Input, options: Options) -> str:
    match name:
        case "lyrics":
            return LYRICS
        case "beats":
            return BEATS
        case "tags":
            return TAGS
        case stem:
            return stem_file(stem, options)


def run_claim(run: int | str) -> str:
    """Name of an empty object that only one of several requests for a run can create."""
    return f"run-{run}"


def corrected(name: str, number: int) -> str:
    """Name of a result as a user corrected it: `beats.json` gives `beats-1.json`.

    The greatest number holds. If that object is empty, the result of the worker does.
    """
    stem, _, form = name.rpartition(".")
    return f"{stem}-{number}.{form}"


def latest_correction(existing: Iterable[str], name: str) -> int:
    """Return the greatest number of a correction of the result `name` among the stored files, 0 if there is none."""
    stem, _, form = name.rpartition(".")
    pattern = re.compile(rf"{stem}-(0|[1-9]\d{{0,8}})\.{form}")
    return max((int(match[1]) for match in map(pattern.fullmatch, existing) if match), default=0)


def alignment_request(number: int | str) -> str:
    """Name of the lines that a user wants to be aligned, with the lyrics that contain them (`AlignmentRequest`)."""
    return f"alignment-{number}.json"


def refined_mark(task: Task) -> str:
    """Name of an empty object: the files of the task's refined result are stored, or are being stored."""
    return f"{task}.refined"


class Storage(ObjectStore):
    """The object store with what the services agree on about a job's folder."""

    def __init__(self, url: str, signer: Signer | None = None) -> None:
        """`signer` signs and verifies manifests."""
        super().__init__(url)
        self._signer = signer or Signer()

    async def put_manifest(self, submission: JobSubmitted) -> None:
        if signature := self._signer.sign(encode(submission)):
            await self.put(f"{submission.job_id}/{SIGNATURE}", signature.encode())
        await self.put(f"{submission.job_id}/{MANIFEST}", encode(submission))

    async def manifest(self, job_id: str) -> JobSubmitted | None:
        """None when the job's files were deleted, or not stored yet, or when the manifest is that of another job."""
        try:
            submission = JobSubmitted.model_validate_json(await self.get(f"{job_id}/{MANIFEST}"))
        except MISSING:
            return None
        return submission if submission.job_id == job_id else None

    async def signed_manifest(self, job_id: str) -> JobSubmitted | None:
        """Return the manifest unless it, or its signature, is missing or was written by another service."""
        submission = await self.manifest(job_id)
        if submission is None or not self._signer:
            return submission
        try:
            signature = (await self.get(f"{job_id}/{SIGNATURE}")).decode(errors="replace")
        except MISSING:
            signature = ""
        if self._signer.is_genuine(encode(submission), signature):
            return submission
        log.warning("manifest without a valid signature ignored", job_id=job_id)
        return None

    async def mark_announced(self, job_id: str) -> None:
        await self.put(f"{job_id}/{ANNOUNCED}", b"")

    async def is_announced(self, job_id: str) -> bool:
        return await self.head(f"{job_id}/{ANNOUNCED}") is not None

    async def claim_run(self, job_id: str, run: int) -> int:
        """Claim the first free run from `run` on. Concurrent requests, at any gateway, get different runs."""
        while not await self.claim(f"{job_id}/{run_claim(run)}"):
            run += 1
        return run

    async def mark_refined(self, job_id: str, task: Task) -> None:
        await self.put(f"{job_id}/{refined_mark(task)}", b"")

    async def is_refined(self, job_id: str, task: Task) -> bool:
        return await self.head(f"{job_id}/{refined_mark(task)}") is not None

    def jobs_before(self, moment: datetime) -> AsyncIterator[str]:
        """Ids of the jobs that have files, none of them written since `moment`."""
        return self.folders_before(moment)

    async def delete_job(self, job_id: str) -> None:
        """Delete all files of a job, the manifest last."""
        await self.delete_folder(job_id, last=MANIFEST)

    async def delete_leftovers(self, job_id: str) -> bool:
        """Delete files that were stored while the job was deleted, and return whether it was."""
        is_deleted = await self.manifest(job_id) is None
        if is_deleted:
            await self.delete_job(job_id)
        return is_deleted
