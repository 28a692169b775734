"""Lyrics from a public collection that the operator chose, one that answers like LRCLIB (https://lrclib.net/docs).

The requests send the title and the artist that the upload names, and the song's length. An entry counts only if it is
as long as the song and agrees with the words that were recognized. So a wrong tag, or a wrong entry, changes nothing.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp
import structlog
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import from_json
from yarl import URL

from services.transcriber.alignment.matching import match_words
from services.transcriber.text.normalization import normalize
from services.transcriber.text.tokens import GivenLine, tokenize_timed
from shared.errors import PermanentError
from shared.events import Count, Duration, FoundAt
from shared.lyrics.tags import Tags
from shared.lyrics.words import Word
from shared.telemetry.logs import error_fields
from shared.user_lyrics import text as user_text

log = structlog.get_logger()

USER_AGENT: Final = "karaoke-backend/0.1.0"
SECONDS: Final = 5.0
"""Longest time for each of the two requests, from the look-up of the host to the end of the answer."""
MAX_BYTES: Final = 2_000_000
"""Longest answer. LRCLIB answers with at most 20 entries, each of a few kB."""
MAX_DURATION_ERROR: Final = 2.0
"""Largest difference between the lengths of the song and of an entry in seconds, as for LRCLIB's `/api/get`."""
MAX_ENTRIES: Final = 5
"""Most entries of an answer that are compared with the recognized words."""
MIN_AGREEMENT: Final = 0.5
"""Measured in docs/evaluation/lyrics.md: right lyrics usually agree to 0.8, those of other songs to at most 0.2."""
MIN_EQUAL_WORDS: Final = 10
"""With fewer equal words, a phrase that whisper invents could agree with a short text."""


class BadAnswerError(Exception):
    """The answer of the server cannot be used. The message quotes nothing."""


class Entry(BaseModel):
    """The part of an entry that is used. `instrumental` is not: it proves nothing about this recording."""

    id: Count
    duration: Duration
    synced: str | None = Field(default=None, alias="syncedLyrics")
    plain: str | None = Field(default=None, alias="plainLyrics")


@dataclass(frozen=True)
class FoundLyrics:
    lines: Sequence[GivenLine]
    at: FoundAt
    agreement: float


def look_up(
    server: str, tags: Path, recognized: Sequence[Word], seconds: float, language: str | None
) -> FoundLyrics | None:
    """Return the lyrics that agree best with the recognized words of a song of this length, if any agree.

    The entry with exactly these tags is tried first, then the search, which allows for other spellings. None also after
    any error, which is logged: then the song has the recognized words.
    """
    try:
        about = Tags.model_validate_json(tags.read_bytes())
        asked = {"track_name": about.title, "artist_name": about.artist}
        for path, query in (("get", asked | {"duration": str(round(seconds))}), ("search", asked)):
            entries = [*_entries(asyncio.run(_ask(f"{server.rstrip('/')}/api/{path}", query)))]
            best = _best(server, entries, recognized, seconds, language)
            accepted = best is not None and best.agreement >= MIN_AGREEMENT
            degree = round(best.agreement, 3) if best else None
            log.info("lyrics looked up", by=path, entries=len(entries), agreement=degree, accepted=accepted)
            if accepted:
                return best
    except (BadAnswerError, aiohttp.ClientError, OSError) as error:
        # The texts of the others may quote the request.
        reason = str(error) if isinstance(error, BadAnswerError) else type(error).__name__
        log.warning("lyrics not looked up", error=reason)
    except Exception as error:  # noqa: BLE001 -- the recognized words are better than a failed task
        log.warning("lyrics not looked up", **error_fields(error))
    return None


def agreement(lyrics: Sequence[Word], recognized: Sequence[Word], language: str | None) -> float:
    """Return the share of both texts, by letters, that are equal words in the same order; 0 with too few of them."""
    written, heard = (
        [text for word in words if (text := normalize(word.text, language))] for words in (lyrics, recognized)
    )
    matches = zip(written, match_words(written, heard), strict=True)
    equal = [len(word) for word, match in matches if match and heard[match[0]] == word]
    letters = sum(map(len, written)) + sum(map(len, heard))
    return 2 * sum(equal) / letters if len(equal) >= MIN_EQUAL_WORDS else 0.0


async def _ask(url: str, query: Mapping[str, str]) -> bytes:
    """Ask once. No redirect is followed, no proxy and no cookie is used, and nothing is decompressed."""
    async with (
        asyncio.timeout(SECONDS),
        aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
        ) as session,
        session.get(URL(url), params=query, allow_redirects=False) as answer,
    ):
        if answer.status == HTTPStatus.NOT_FOUND:
            return b"[]"
        if answer.status != HTTPStatus.OK:
            raise BadAnswerError(f"the server answered {answer.status}")
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > MAX_BYTES:
                raise BadAnswerError(f"the answer has more than {MAX_BYTES} bytes")
        return bytes(body)


def _entries(body: bytes) -> Iterator[Entry]:
    """Yield the valid entries of a list, or the only one. Raises BadAnswerError for no JSON, or too deep nesting."""
    try:
        found = from_json(body)
    except ValueError:
        raise BadAnswerError("the answer is no JSON") from None
    for each in found if isinstance(found, list) else [found]:
        with suppress(ValidationError):
            yield Entry.model_validate(each)


def _best(
    server: str, entries: Iterable[Entry], recognized: Sequence[Word], seconds: float, language: str | None
) -> FoundLyrics | None:
    """Return the entry of this length that agrees best; of equal ones, one with times."""
    fitting = [entry for entry in entries if abs(entry.duration - seconds) <= MAX_DURATION_ERROR]
    fitting.sort(key=lambda entry: (not entry.synced, abs(entry.duration - seconds)))
    found = [each for entry in fitting[:MAX_ENTRIES] if (each := _read(server, entry, recognized, language))]
    return max(found, key=lambda each: each.agreement, default=None)


def _read(server: str, entry: Entry, recognized: Sequence[Word], language: str | None) -> FoundLyrics | None:
    """Return the first text of an entry that a user could have sent, too; None if there is none."""
    for text in filter(None, (entry.synced, entry.plain)):
        with suppress(PermanentError):
            lines = tokenize_timed(user_text.normalize(text.encode(), "utf-8"))
            words = [word for line in lines for word in line.words]
            url = URL(f"{server.rstrip('/')}/api/get/{entry.id}")
            at = FoundAt(server=url.host_port_subcomponent or "", entry=entry.id, url=str(url))
            return FoundLyrics(lines, at, agreement(words, recognized, language))
    return None
