"""Finds the stored object that holds a result now: a user's correction of the beats or lyrics has files of its own.

Workers write `beats.json`, `click.flac` and the lyrics as they were found, also after a correction, and nobody else
writes them. So no refinement, retry or late first pass can replace a correction, and taking it back needs no copy.
"""

import asyncio
import json
from collections.abc import Hashable, Mapping
from typing import Final, NamedTuple

from services.gateway.media.encode import Encodings
from services.gateway.results import names
from shared.lyrics.document import as_line, encode, lines_of
from shared.lyrics.formats import PLAYABLE
from shared.rhythm.bars import with_places
from shared.storage.job_files import Storage, corrected, latest_correction
from shared.storage.objects import MISSING, Head

KEPT: Final = 2
"""Corrections of a result that are kept, with the one that holds: a client may still be reading the one before."""
LYRICS: Final = names.LYRICS.partition(".")[0]


class Current(NamedTuple):
    """The `name` of a stored object, and its head."""

    name: str
    head: Head


class Latest(NamedTuple):
    """The latest correction of a result: the number, 0 if there is none, and the name of the object that holds."""

    number: int
    name: str


class CurrentFiles:
    def __init__(self, storage: Storage, encodings: Encodings) -> None:
        self._storage = storage
        self._encodings = encodings

    async def find(self, job_id: str, name: str, caller: Hashable, *, heard: bool = False) -> Current | None:
        """Return the object that holds the result `name` now, made if necessary; None if there is none.

        With `heard`, return lyrics as they were before any correction of their words. Raises what `Encodings.head`
        raises.
        """
        if name != names.BEATS and name.partition(".")[0] not in (names.CLICK, LYRICS):
            return await self._head(job_id, name, caller)
        before: tuple[Latest, Latest] | None = None
        while True:  # the files of a correction are deleted when two later ones are stored
            existing = await self._storage.sizes(job_id)
            now = latest(existing, names.BEATS), latest(existing, names.LYRICS)
            if now == before:
                return None
            if found := await self._find(job_id, name, caller, *now, heard=heard):
                return found
            before = now

    async def _find(
        self, job_id: str, name: str, caller: Hashable, beats: Latest, lyrics: Latest, *, heard: bool
    ) -> Current | None:
        result, _, form = name.partition(".")
        if name == names.BEATS:
            return await self._head(job_id, beats.name, caller)
        if result == names.CLICK:
            is_heard = beats.name == names.BEATS
            return await self._head(job_id, name if is_heard else corrected(name, beats.number), caller)
        if heard:
            lyrics = lyrics._replace(name=names.LYRICS)
        if name == names.LYRICS:
            return await self._placed(job_id, lyrics, beats, caller)
        if lyrics.name == names.LYRICS:
            return await self._head(job_id, name, caller)
        return await self._made(job_id, corrected(name, lyrics.number), form, caller, lyrics.name)

    async def correction(self, job_id: str, number: int, caller: Hashable) -> Current | None:
        """Return the object of `lyrics.json` with this correction, also if a later one holds now."""
        beats = latest(await self._storage.sizes(job_id), names.BEATS)
        return await self._placed(job_id, Latest(number, corrected(names.LYRICS, number)), beats, caller)

    async def _placed(self, job_id: str, lyrics: Latest, beats: Latest, caller: Hashable) -> Current | None:
        """Return the lyrics with the bars of the beats. The transcriber wrote those of the beats as they were heard."""
        if (lyrics.name, beats.name) == (names.LYRICS, names.BEATS):
            return await self._head(job_id, names.LYRICS, caller)
        words = await self._storage.head(f"{job_id}/{lyrics.name}")
        if words is None:
            return None
        bars = await self._storage.head(f"{job_id}/{beats.name}")
        made = names.placed_lyrics(lyrics.number, beats.number, words.etag, bars.etag if bars else "")
        return await self._made(job_id, made, "json", caller, lyrics.name, *([beats.name] if bars else []))

    async def _made(self, job_id: str, made: str, form: str, caller: Hashable, *sources: str) -> Current | None:
        """Return lyrics in a format, made if necessary and unless the job was deleted meanwhile.

        Concurrent requests get the same object.
        """
        if await self._storage.head(f"{job_id}/{made}") is None:
            try:
                contents = [await self._storage.get(f"{job_id}/{source}") for source in sources]
            except MISSING:
                return None
            await self._storage.claim(f"{job_id}/{made}", await asyncio.to_thread(_lyrics, form, *contents))
            await self._storage.delete_leftovers(job_id)
        return await self._head(job_id, made, caller)

    async def _head(self, job_id: str, name: str, caller: Hashable) -> Current | None:
        head = await self._encodings.head(job_id, name, caller)
        return Current(name, head) if head else None


def latest(existing: Mapping[str, int], name: str) -> Latest:
    """Return the latest correction of the result `name`. `existing` are the stored files with their sizes."""
    number = latest_correction(existing, name)
    made = corrected(name, number)
    return Latest(number, made if existing.get(made) else name)


def outdated(existing: Mapping[str, int]) -> list[str]:
    """Return the names of the stored files that follow from corrections which are no longer kept."""
    lyrics, beats = (latest(existing, name).number - KEPT + 1 for name in (names.LYRICS, names.BEATS))
    return [name for name in existing if names.is_outdated(name, lyrics, beats)]


def _lyrics(form: str, lyrics: bytes, beats: bytes | None = None) -> bytes:
    """Return lyrics in a format; JSON has the bars of the beats."""
    document = json.loads(lyrics)
    if form == "json":
        return encode(with_places(document, json.loads(beats) if beats else None)).encode()
    return PLAYABLE[form]([as_line(words) for words in lines_of(document)]).encode()
