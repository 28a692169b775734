"""Objects in a local directory, S3, GCS or Azure, behind one API.

Keys are `<folder>/<name>`. Names are ours, never the user's.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    GenericError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import LocalStore, from_url

from shared.errors import PermanentError, StorageFullError, StorageUnavailableError
from shared.telemetry.metrics import STORAGE_ERRORS

if TYPE_CHECKING:
    from obstore import ObjectMeta  # exists only for type checkers

MISSING: Final = (NotFoundError, FileNotFoundError)
"""Errors of obstore for a missing object, by backend."""

UNAVAILABLE: Final = (GenericError, PermissionDeniedError, UnauthenticatedError)
"""Errors of obstore for a store that cannot be reached, fails, or refuses access."""

FULL: Final = ("No space left", "quota exceeded")
"""Texts in obstore's errors for a full disk; it has no error class for it."""

MAX_RETRIES: Final = 4
RETRY_TIMEOUT: Final = timedelta(seconds=10)
"""Limits of obstore's retries of one request. With its own limits, an upload waits 13 s until it is refused."""

NO_OBJECTS: Final = "no-objects/"
"""A prefix without objects, whose list is a cheap question to the store."""

CHUNK_BYTES: Final = 1 << 20
PARTS_AT_ONCE: Final = 2
"""Small, to save memory in a gateway that serves many requests at once."""


@dataclass(frozen=True)
class Head:
    """Size of an object in bytes, and its quoted ETag."""

    size: int
    etag: str


class ObjectStore:
    """All methods raise StorageUnavailableError. A missing bucket or directory counts as unavailable, too."""

    def __init__(self, url: str) -> None:
        """`url` is a directory, or `s3://bucket/prefix` and the like with credentials from the environment."""
        self._folder = None if "://" in url else Path(url).absolute()
        self._store = (
            LocalStore(self._folder, mkdir=True, automatic_cleanup=True)
            if self._folder
            else from_url(url, retry_config={"max_retries": MAX_RETRIES, "retry_timeout": RETRY_TIMEOUT})
        )

    async def check(self) -> None:
        """Return if the store answers and accepts the credentials."""
        with _translated_errors():
            if self._folder and not await asyncio.to_thread(self._folder.is_dir):
                raise GenericError(f"{self._folder} is not a directory")
            await anext(aiter(obstore.list(self._store, NO_OBJECTS)), None)

    async def put(self, key: str, content: bytes | Path) -> None:
        """Raises StorageFullError when a directory's disk is full."""
        await self._put(key, content, create=False)

    async def claim(self, key: str, content: bytes = b"") -> bool:
        """Create an object. Only one of all callers ever gets True."""
        try:
            await self._put(key, content, create=True)
        except AlreadyExistsError:
            return False
        return True

    async def get(self, key: str) -> bytes:
        """Raises one of `MISSING`."""
        with _translated_errors():
            try:
                return bytes(await (await obstore.get_async(self._store, key)).bytes_async())
            except MISSING:
                await self.check()
                raise

    async def fetch(self, key: str, path: Path) -> Path:
        """Copy an object to `path`. Raises PermanentError when it is missing: a job's files expire with it."""
        if not await self.fetch_if_there(key, path):
            raise PermanentError("The job's files are missing", key, code="files_missing")
        return path

    async def fetch_if_there(self, key: str, path: Path) -> bool:
        """Copy an object to `path`; return False when it is missing."""
        with _translated_errors():
            try:
                result = await obstore.get_async(self._store, key)
            except MISSING:
                await self.check()
                return False
            with path.open("wb") as file:
                async for chunk in result.stream(CHUNK_BYTES):
                    file.write(chunk)
        return True

    async def head(self, key: str) -> Head | None:
        with _translated_errors():
            try:
                meta = await obstore.head_async(self._store, key)
            except MISSING:
                await self.check()
                return None
        tag = (meta["e_tag"] or meta["last_modified"].isoformat()).removeprefix("W/").strip('"')
        return Head(size=meta["size"], etag=f'"{tag}"')

    async def open(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Return the bytes from `start` up to, but not including, `end`, in chunks. Needs `start < end`.

        Raises one of `MISSING`.
        """
        with _translated_errors():
            result = await obstore.get_async(self._store, key, options={"range": (start, end)})

        async def chunks() -> AsyncGenerator[bytes, None]:
            with _translated_errors():
                async for chunk in result.stream(CHUNK_BYTES):
                    yield bytes(chunk)

        return chunks()

    async def sizes(self, folder: str) -> dict[str, int]:
        """Sizes of all objects of a folder in bytes, by name."""
        return {meta["path"].removeprefix(f"{folder}/"): meta["size"] for meta in await self._list(folder)}

    async def folders_before(self, moment: datetime) -> AsyncIterator[str]:
        """Names of the folders in which nothing was written since `moment`."""
        await self.check()  # a directory that is not there would have no folders
        with _translated_errors():
            prefixes = (await obstore.list_with_delimiter_async(self._store))["common_prefixes"]
        for prefix in prefixes:
            times = [meta["last_modified"] for meta in await self._list(prefix)]
            if self._folder and not times:
                times = [datetime.fromtimestamp((self._folder / prefix).stat().st_mtime, UTC)]
            if times and max(times) < moment:
                yield prefix

    async def delete(self, key: str) -> None:
        with _translated_errors(), suppress(*MISSING):
            await obstore.delete_async(self._store, key)

    async def delete_matching(self, folder: str, patterns: Collection[str]) -> None:
        """Delete the objects of a folder whose names match one of the patterns (`vocals.*`)."""
        for name in await self.sizes(folder):
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                await self.delete(f"{folder}/{name}")

    async def delete_folder(self, folder: str, *, last: str) -> None:
        """Delete all objects of a folder, `last` after the others, so that an interrupted deletion can be found."""
        names = [meta["path"] for meta in await self._list(folder)]
        for name in sorted(names, key=lambda name: name.endswith(f"/{last}")):
            await self.delete(name)  # another replica may have done it
        if self._folder:  # files of a killed process that were never finished are not listed
            rmtree(self._folder / folder, ignore_errors=True)

    async def _list(self, folder: str) -> "list[ObjectMeta]":
        with _translated_errors():
            found = [meta async for page in obstore.list(self._store, f"{folder}/") for meta in page]
        if not found:
            await self.check()
        return found

    async def _put(self, key: str, content: bytes | Path, *, create: bool) -> None:
        if self._folder:
            await self.check()  # obstore would create a directory that is not there, such as an unmounted volume
        with _translated_errors():
            try:
                await obstore.put_async(
                    self._store, key, content, max_concurrency=PARTS_AT_ONCE, mode="create" if create else "overwrite"
                )
            except MISSING as error:
                raise GenericError(str(error)) from error  # the bucket


@contextmanager
def _translated_errors() -> Iterator[None]:
    """The one place that decides which errors mean that the storage is unavailable, or full."""
    try:
        yield
    except UNAVAILABLE as error:
        if any(text in str(error) for text in FULL):
            raise StorageFullError("The storage is full", _first_line(error)) from error
        STORAGE_ERRORS.inc()
        raise StorageUnavailableError("The storage is unavailable", _first_line(error)) from error


def _first_line(error: Exception) -> str:
    """Return the message without obstore's debug output."""
    return str(error).partition("\n")[0][:300]
