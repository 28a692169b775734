"""Limits of each caller: uploads per minute, concurrent uploads and unfinished jobs."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.gateway.settings import Settings
from shared.errors import TransientError
from shared.web.limits import network_of
from shared.web.problem import Problem

log = structlog.get_logger()

Caller = tuple[str, str]
"""`key` or `address`, and its name."""

UNFINISHED_RETRY_SECONDS = 60
"""About the time that a song takes. The end of a job is unknown."""


class Quota:
    """`unfinished` counts an owner's unfinished jobs, up to a limit. Each gateway process counts its own uploads."""

    def __init__(self, unfinished: Callable[[str, int], Awaitable[int]], settings: Settings) -> None:
        self._unfinished = unfinished
        self._max_unfinished = settings.max_unfinished_jobs
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

    async def check_unfinished(self, owner: str | None) -> None:
        """Raise Problem 429 if the owner has too many unfinished jobs. Without the status service, refuse nobody."""
        if not owner or not self._max_unfinished:
            return
        try:
            count = await self._unfinished(owner, self._max_unfinished)
        except TransientError as error:
            log.warning("unfinished jobs not counted", error=str(error))
            return
        if count >= self._max_unfinished:
            raise _too_many(
                "too_many_unfinished_jobs",
                f"{count} of your songs are not done yet, and more are not taken.",
                seconds=UNFINISHED_RETRY_SECONDS,
            )


def caller_of(request: Request, owner: str | None) -> Caller:
    """Return the caller: a key or, without keys, an address or network."""
    if owner:
        return "key", owner
    return "address", network_of(request.client.host) if request.client else ""


def _too_many(code: str, reason: str, *, seconds: int) -> Problem:
    return Problem(429, code, f"{reason} Try again in {seconds} s.", {"Retry-After": str(seconds)})
