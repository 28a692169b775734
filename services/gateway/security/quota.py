"""Limits of each caller: uploads per minute and at once, unfinished jobs, minutes of audio a day and stored bytes."""

import hmac
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Final

import structlog
from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.gateway.settings import Settings
from shared.errors import TransientError
from shared.events import JobSubmitted
from shared.usage import LEAST_SECONDS, SONG_BYTES, Usage, counted_bytes, counted_model, counted_seconds
from shared.web.limits import network_of
from shared.web.problem import Problem

log = structlog.get_logger()

Caller = tuple[str, str]
"""`key` or `address`, and its name."""

UNFINISHED_RETRY_SECONDS = 60
"""About the time that a song takes. The end of a job is unknown."""

RESERVED_SECONDS: Final = 60.0
"""Longest time that an accepted job is counted here until the database counts it, usually milliseconds."""

DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, eq=False)
class Reservation:
    """The expected use of a job, or of a run of it: seconds of audio times its model's weight, and bytes."""

    caller: Caller
    job_id: str
    run: int
    seconds: float
    bytes: float
    expires: float
    """By the monotonic clock."""


class Quota:
    """`usage` sums the stored jobs of an owner or a caller. Each gateway process counts its own uploads."""

    def __init__(self, usage: Callable[[Mapping[str, str]], Awaitable[Usage]], settings: Settings) -> None:
        self._usage = usage
        self._settings = settings
        self._hash_key = settings.link_secret.get_secret_value().encode() or secrets.token_bytes(32)
        self._reserved: list[Reservation] = []
        self._rate = RateLimitItemPerMinute(settings.uploads_per_minute) if settings.uploads_per_minute else None
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._max_uploads = settings.max_uploads_at_once
        self._uploads: Counter[Caller] = Counter()

    async def check_rate(self, request: Request, owner: str | None) -> None:
        """Count a request of a key or, without keys, of an address. Raises Problem 429 above the limit per minute."""
        caller = caller_of(request, owner)
        if self._rate is None or await self._window.hit(self._rate, *caller):
            return
        stats = await self._window.get_window_stats(self._rate, *caller)
        raise _too_many(
            "too_many_requests",
            f"At most {self._rate.amount} songs a minute are taken.",
            seconds=max(0, int(stats.reset_time - time.time())) + 1,
        )

    @contextmanager
    def uploading(self, request: Request, owner: str | None) -> Iterator[None]:
        """Count an upload while it lasts. Raises Problem 429 above the limit of concurrent uploads."""
        caller = caller_of(request, owner)
        if self._max_uploads and self._uploads[caller] >= self._max_uploads:
            raise _too_many("too_many_uploads", f"At most {self._max_uploads} songs are taken at once.", seconds=5)
        self._uploads[caller] += 1
        try:
            yield
        finally:
            self._uploads[caller] -= 1
            self._uploads += Counter()  # removes callers without an upload

    async def check_usage(self, request: Request, owner: str | None) -> None:
        """Raise Problem 429 if not even the shortest song is accepted from the caller."""
        await self._require_room(caller_of(request, owner), LEAST_SECONDS, LEAST_SECONDS * SONG_BYTES)

    @asynccontextmanager
    async def reserved(
        self, request: Request, owner: str | None, submission: JobSubmitted, run: int = 0
    ) -> AsyncIterator[None]:
        """Count a job, or another run of it, unless the block fails. Raises Problem 429 if it would exceed a limit."""
        weight = self._weight(counted_model(submission.options))
        new = Reservation(
            caller_of(request, owner),
            submission.job_id,
            run,
            counted_seconds(submission) * weight,
            0 if run else counted_bytes(submission),
            time.monotonic() + RESERVED_SECONDS,
        )
        await self._require_room(new.caller, new.seconds, new.bytes)
        self._reserved = [*self._reserved_now(), new]
        try:
            yield
        except BaseException:
            self._reserved = [each for each in self._reserved if each is not new]
            raise

    def caller_hash(self, request: Request, owner: str | None) -> str | None:
        """Return a keyed hash of the address of a caller without a key, to be stored with its job.

        Nobody can find the address without the key, although there are only four billion IPv4 addresses.
        """
        return None if owner or not self._counts_jobs else self._hash(caller_of(request, owner))

    async def _require_room(self, caller: Caller, seconds: float, size: float) -> None:
        """Raise Problem 429 if seconds of audio and bytes exceed a limit. Without the status service, refuse nobody."""
        if not self._counts_jobs:
            return
        kind, name = caller
        try:
            usage = await self._usage({"owner": name} if kind == "key" else {"caller": self._hash(caller)})
        except TransientError as error:
            log.warning("jobs of a caller not counted", error=str(error))
            return
        limits, now = self._settings, datetime.now(UTC)
        pending = [each for each in self._reserved_now(caller) if usage.recent.get(each.job_id, -1) < each.run]
        unfinished = usage.unfinished + len(pending)
        if 0 < limits.max_unfinished_jobs <= unfinished:
            raise _too_many(
                "too_many_unfinished_jobs",
                f"{unfinished} of your songs are not done yet, and more are not taken.",
                seconds=UNFINISHED_RETRY_SECONDS,
            )
        audio = [(part.until, part.amount * self._weight(part.model)) for part in usage.audio]
        audio += [(now + DAY, each.seconds) for each in pending]
        if room_at := _room_at(audio, seconds, limits.max_minutes_per_day * 60):
            raise _too_many(
                "too_many_minutes",
                f"At most {limits.max_minutes_per_day:g} minutes of audio are taken in 24 hours; "
                f"{_total(audio) / 60:.0f} are used.",
                seconds=_seconds_until(room_at),
            )
        storage = [(part.until, part.amount) for part in usage.storage] + [(now + DAY, each.bytes) for each in pending]
        if room_at := _room_at(storage, size, limits.max_stored_bytes):
            raise _too_many(
                "too_many_stored_bytes",
                f"Your songs take {_total(storage) / 1e9:.1f} of {limits.max_stored_bytes / 1e9:.1f} GB. Delete some.",
                seconds=_seconds_until(room_at),
            )

    def _reserved_now(self, caller: Caller | None = None) -> list[Reservation]:
        """Return the reservations that have not expired, of one caller or of all."""
        now = time.monotonic()
        return [each for each in self._reserved if each.expires > now and caller in (None, each.caller)]

    @property
    def _counts_jobs(self) -> bool:
        limits = self._settings
        return any((limits.max_unfinished_jobs, limits.max_minutes_per_day, limits.max_stored_bytes))

    def _hash(self, caller: Caller) -> str:
        return hmac.digest(self._hash_key, f"karaoke.callers.{caller[1]}".encode(), sha256).hex()[:32]

    def _weight(self, model: str) -> int:
        return self._settings.models.get(model, 1)


def caller_of(request: Request, owner: str | None) -> Caller:
    """Return the caller: a key or, without keys, an address or network."""
    if owner:
        return "key", owner
    return "address", network_of(request.client.host) if request.client else ""


def _room_at(parts: Iterable[tuple[datetime, float]], new: float, limit: float) -> datetime | None:
    """Return the time at which `new` fits beside the parts, each of which counts until its time. None: it fits now.

    A song that is larger than the limit fits when there is nothing else. A limit of zero is none.
    """
    left = sorted(parts)
    room_at = None
    while limit and new and left and _total(left) + new > limit:
        room_at, _ = left.pop(0)
    return room_at


def _total(parts: Iterable[tuple[datetime, float]]) -> float:
    return sum(amount for _, amount in parts)


def _seconds_until(moment: datetime) -> int:
    return max(1, ceil((moment - datetime.now(UTC)).total_seconds()))


def _too_many(code: str, reason: str, *, seconds: int) -> Problem:
    return Problem(429, code, f"{reason} Try again in {seconds} s.", {"Retry-After": str(seconds)})
