"""Objects in a local directory, S3, GCS or Azure, behind one API.

Keys are `<folder>/<name>`. Names are ours, never the user's.
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

MISSING: Final = (NotFoundError, FileNotFoundError)
"""Errors of obstore for a missing object, by backend."""

FULL: Final = ("No space left", "quota exceeded")
"""Texts in obstore's errors for a full disk; it has no error class for it."""

CHUNK_BYTES: Final = 1 << 20
PARTS_AT_ONCE: Final = 2
"""Small, to save memory in a gateway that serves many requests at once."""


@dataclass(frozen=True)
class Head:
    """Size of an object in bytes, and its quoted ETag."""

    size: int
    etag: str


class ObjectStore:
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
        """Create an empty object. Only one of all callers ever gets True."""
        try:
            await obstore.put_async(self._store, key, b"", mode="create")
        except AlreadyExistsError:
            return False
        return True

    async def get(self, key: str) -> bytes:
        """Raises one of `MISSING`."""
        return bytes(await (await obstore.get_async(self._store, key)).bytes_async())

    async def fetch(self, key: str, path: Path) -> Path:
        """Copy an object to `path`. Raises PermanentError when it is missing: a job's files expire with it."""
        if not await self.fetch_if_there(key, path):
            raise PermanentError("The job's files are missing", key, code="files_missing")
        return path

    async def fetch_if_there(self, key: str, path: Path) -> bool:
        """Copy an object to `path`; return False when it is missing. Takes one request."""
        try:
            result = await obstore.get_async(self._store, key)
        except MISSING:
            return False
        with path.open("wb") as file:
            async for chunk in result.stream(CHUNK_BYTES):
                file.write(chunk)
        return True

    async def head(self, key: str) -> Head | None:
        try:
            meta = await obstore.head_async(self._store, key)
        except MISSING:
            return None
        tag = (meta["e_tag"] or meta["last_modified"].isoformat()).removeprefix("W/").strip('"')
        return Head(size=meta["size"], etag=f'"{tag}"')

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` up to, but not including, `end`, in chunks. Needs `start < end`."""
        result = await obstore.get_async(self._store, key, options={"range": (start, end)})
        async for chunk in result.stream(CHUNK_BYTES):
            yield bytes(chunk)

    async def sizes(self, folder: str) -> dict[str, int]:
        """Sizes of all objects of a folder in bytes, by name."""
        files = [meta async for page in obstore.list(self._store, f"{folder}/") for meta in page]
        return {meta["path"].removeprefix(f"{folder}/"): meta["size"] for meta in files}

    async def folders_before(self, moment: datetime) -> AsyncIterator[str]:
        """Names of the folders in which nothing was written since `moment`."""
        for prefix in (await obstore.list_with_delimiter_async(self._store))["common_prefixes"]:
            times = [meta["last_modified"] async for page in obstore.list(self._store, f"{prefix}/") for meta in page]
            if self._folder and not times:
                times = [datetime.fromtimestamp((self._folder / prefix).stat().st_mtime, UTC)]
            if times and max(times) < moment:
                yield prefix

    async def delete(self, key: str) -> None:
        with suppress(*MISSING):
            await obstore.delete_async(self._store, key)

    async def delete_folder(self, folder: str, *, last: str) -> None:
        """Delete all objects of a folder, `last` after the others, so that an interrupted deletion can be found."""
        names = [meta["path"] async for page in obstore.list(self._store, f"{folder}/") for meta in page]
        for name in sorted(names, key=lambda name: name.endswith(f"/{last}")):
            await self.delete(name)  # another replica may have done it
        if self._folder:  # files of a killed process that were never finished are not listed
            rmtree(self._folder / folder, ignore_errors=True)
