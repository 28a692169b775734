"""Where songs and results lie: a local directory, S3, GCS or Azure, behind one API.

Keys are `<job_id>/<name>`; the names are ours, never the user's.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Final

import obstore
from obstore.exceptions import AlreadyExistsError, GenericError, NotFoundError
from obstore.store import LocalStore, from_url

from shared.errors import PermanentError, StorageFullError
from shared.events import JobSubmitted, Options, Task

GONE: Final = (NotFoundError, FileNotFoundError)
"""What obstore raises for a missing object, by backend."""

SONG: Final = "song.flac"
"""The decoded upload: FLAC, 16 bit, 44.1 kHz, stereo."""
WORDS: Final = "words.txt"
"""Lyrics that the user gave, as `shared.user_lyrics` makes them plain; not there when none were given."""
BEATS: Final = "beats.json"
"""What the beat tracker found; not there before, or where nobody asked for it."""
INSTRUMENTAL: Final = "instrumental"
"""The song without its vocals, in the job's format."""
FULL: Final = ("No space left", "quota exceeded")
"""What obstore says of a full disk; it has no error of its own for it."""

CHUNK_BYTES: Final = 1 << 20
PARTS_AT_ONCE: Final = 2
"""Small, for the memory of a gateway that serves many at once."""

MANIFEST: Final = "manifest.json"
"""The job's `JobSubmitted`, for workers, and for status before the broker's copy arrives."""

ANNOUNCED: Final = "announced"
"""An empty object: the broker has confirmed the job."""


def input_of(task: Task, options: Options) -> str:
    """The name of the file that a task works on: words are heard best without the music."""
    separated = task is Task.TRANSCRIPTION and Task.STEM_SEPARATION in options.tasks
    return f"vocals.{options.format}" if separated else SONG


def drums_of(options: Options) -> str:
    """The name of the file that the beats are refined by, once it is there."""
    return f"drums.{options.format}"


def refined(task: Task) -> str:
    """The name of an empty object: the files of the task's refined result are there, or are being put."""
    return f"{task}.refined"


@dataclass(frozen=True)
class Head:
    """`size` in bytes; `etag` is quoted, ready for a header."""

    size: int
    etag: str


class Storage:
    def __init__(self, url: str) -> None:
        """`url` is a directory, or `s3://bucket/prefix` and the like with credentials from the environment."""
        self._folder = None if "://" in url else Path(url).absolute()
        self._store = LocalStore(self._folder, mkdir=True, automatic_cleanup=True) if self._folder else from_url(url)

    async def put(self, key: str, content: bytes | Path) -> None:
        """Raises StorageFullError when a directory's disk is full."""
        try:
            await obstore.put_async(self._store, key, content, max_concurrency=PARTS_AT_ONCE)
        except GenericError as error:
            if not any(text in str(error) for text in FULL):
                raise
            raise StorageFullError("The storage is full", key) from error

    async def claim(self, key: str) -> bool:
        """Makes an empty object; of all who ever try, one alone is told that it did."""
        try:
            await obstore.put_async(self._store, key, b"", mode="create")
        except AlreadyExistsError:
            return False
        return True

    async def get(self, key: str) -> bytes:
        """Raises one of `GONE`."""
        return bytes(await (await obstore.get_async(self._store, key)).bytes_async())

    async def fetch(self, key: str, path: Path) -> Path:
        """Copies an object to `path`. Raises PermanentError when it is gone: a job's files expire with it."""
        if not await self.fetch_if_there(key, path):
            raise PermanentError("The job's files are gone", key, code="files_missing")
        return path

    async def fetch_if_there(self, key: str, path: Path) -> bool:
        """Copies an object to `path`; False when it is gone. One request: asking for it first would be another."""
        try:
            result = await obstore.get_async(self._store, key)
        except GONE:
            return False
        with path.open("wb") as file:
            async for chunk in result.stream(CHUNK_BYTES):
                file.write(chunk)
        return True

    async def head(self, key: str) -> Head | None:
        try:
            meta = await obstore.head_async(self._store, key)
        except GONE:
            return None
        tag = (meta["e_tag"] or meta["last_modified"].isoformat()).removeprefix("W/").strip('"')
        return Head(size=meta["size"], etag=f'"{tag}"')

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to, not including, `end`, in pieces. Needs `start < end`."""
        result = await obstore.get_async(self._store, key, options={"range": (start, end)})
        async for chunk in result.stream(CHUNK_BYTES):
            yield bytes(chunk)

    async def sizes(self, job_id: str) -> dict[str, int]:
        """Of all files of a job in bytes, by name."""
        files = [meta async for page in obstore.list(self._store, f"{job_id}/") for meta in page]
        return {meta["path"].removeprefix(f"{job_id}/"): meta["size"] for meta in files}

    async def put_manifest(self, submission: JobSubmitted) -> None:
        await self.put(f"{submission.job_id}/{MANIFEST}", submission.model_dump_json().encode())

    async def manifest(self, job_id: str) -> JobSubmitted | None:
        try:
            return JobSubmitted.model_validate_json(await self.get(f"{job_id}/{MANIFEST}"))
        except GONE:
            return None

    async def announced(self, job_id: str) -> bool:
        return await self.head(f"{job_id}/{ANNOUNCED}") is not None

    async def jobs_before(self, moment: datetime) -> AsyncIterator[str]:
        """Ids of the jobs that have files, none of them written since `moment`."""
        for prefix in (await obstore.list_with_delimiter_async(self._store))["common_prefixes"]:
            times = [meta["last_modified"] async for page in obstore.list(self._store, f"{prefix}/") for meta in page]
            if self._folder and not times:
                times = [datetime.fromtimestamp((self._folder / prefix).stat().st_mtime, UTC)]
            if times and max(times) < moment:
                yield prefix

    async def delete(self, key: str) -> None:
        with suppress(*GONE):
            await obstore.delete_async(self._store, key)

    async def delete_job(self, job_id: str) -> None:
        """Removes all files of a job, the manifest last, so that what was cut short can be found and done again."""
        names = [meta["path"] async for page in obstore.list(self._store, f"{job_id}/") for meta in page]
        for name in sorted(names, key=lambda name: name.endswith(MANIFEST)):
            await self.delete(name)  # another replica may have done it
        if self._folder:  # what a process that was killed had not finished writing is not listed
            rmtree(self._folder / job_id, ignore_errors=True)
