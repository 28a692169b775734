"""Finds the stored object that holds a result now: a correction of the beats has files of its own.

Workers write `beats.json`, `click.flac` and `lyrics.json` as they were heard, also after a correction, and nobody else
writes them. So no refinement, retry or late first pass can replace a correction, and taking it back needs no copy.
"""

import asyncio
import json
from collections.abc import Collection, Hashable, Mapping
from typing import NamedTuple

from services.gateway.media.encode import Encodings
from services.gateway.results import names
from shared.rhythm.bars import with_places
from shared.storage.job_files import Storage, corrected_beats
from shared.storage.objects import MISSING, Head


class Current(NamedTuple):
    """The `name` of a stored object, and its head."""

    name: str
    head: Head


class CurrentFiles:
    def __init__(self, storage: Storage, encodings: Encodings) -> None:
        self._storage = storage
        self._encodings = encodings

    async def find(self, job_id: str, name: str, caller: Hashable) -> Current | None:
        """Return the object that holds the result `name` now, made if necessary; None if there is none.

        Raises what `Encodings.head` raises.
        """
        if name in (names.BEATS, names.LYRICS) or name.partition(".")[0] == names.CLICK:
            existing = await self._storage.sizes(job_id)
            number = latest_correction(existing)
            if number and existing[corrected_beats(number)]:
                return await self._corrected(job_id, name, number, existing, caller)
        return await self._head(job_id, name, caller)

    async def _corrected(
        self, job_id: str, name: str, number: int, existing: Collection[str], caller: Hashable
    ) -> Current | None:
        if name == names.BEATS:
            return await self._head(job_id, corrected_beats(number), caller)
        if name != names.LYRICS:
            return await self._head(job_id, names.corrected_click(number, name.rpartition(".")[2]), caller)
        heard = await self._storage.head(f"{job_id}/{name}")
        if heard is None:
            return None
        corrected = names.corrected_lyrics(number, heard.etag)
        if corrected not in existing:
            await self._make_lyrics(job_id, number, corrected)
        return await self._head(job_id, corrected, caller)

    async def _make_lyrics(self, job_id: str, number: int, corrected: str) -> None:
        """Store the lyrics with the bars of the corrected beats, unless the job was deleted meanwhile."""
        try:
            lyrics = await self._storage.get(f"{job_id}/{names.LYRICS}")
            beats = await self._storage.get(f"{job_id}/{corrected_beats(number)}")
        except MISSING:
            return
        await self._storage.put(f"{job_id}/{corrected}", await asyncio.to_thread(_with_places, lyrics, beats))
        await self._storage.delete_leftovers(job_id)

    async def _head(self, job_id: str, name: str, caller: Hashable) -> Current | None:
        head = await self._encodings.head(job_id, name, caller)
        return Current(name, head) if head else None


def latest_correction(existing: Mapping[str, int]) -> int:
    """Return the greatest number of the stored corrections, which holds; 0 if there are none."""
    numbers = (int(match[1]) for name in existing if (match := names.CORRECTED.fullmatch(name)))
    return max((number for number in numbers if corrected_beats(number) in existing), default=0)


def _with_places(lyrics: bytes, beats: bytes) -> bytes:
    document = with_places(json.loads(lyrics), json.loads(beats))
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
