"""How much one caller may ask for: uploads in a minute, and jobs under way."""

import time
from collections.abc import Awaitable, Callable

import structlog
from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.gateway.settings import Settings
from shared.errors import TransientError
from shared.problem import Problem

log = structlog.get_logger()

UNFINISHED_RETRY_SECONDS = 60
"""Nobody knows when a job will end; about as long as a song takes."""


class Quota:
    """`unfinished` counts an owner's unfinished jobs up to a limit. Uploads are counted by this process alone."""

    def __init__(self, unfinished: Callable[[str, int], Awaitable[int]], settings: Settings) -> None:
        self._unfinished = unfinished
        self._max_unfinished = settings.max_unfinished_jobs
        self._pace = RateLimitItemPerMinute(settings.uploads_per_minute) if settings.uploads_per_minute else None
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def keep_pace(self, request: Request, owner: str | None) -> None:
        """Counts a request of a key or, without keys, of an address. Raises Problem 429 when it is one too many."""
        address = request.client.host if request.client else ""
        caller = ("key", owner) if owner else ("address", address)
        if self._pace is None or await self._window.hit(self._pace, *caller):
            return
        stats = await self._window.get_window_stats(self._pace, *caller)
        raise _too_many(
            "too_many_requests",
            f"At most {self._pace.amount} songs a minute are taken.",
            seconds=max(0, int(stats.reset_time - time.time())) + 1,
        )

    async def require_room(self, owner: str | None) -> None:
        """Raises Problem 429 for an owner whose jobs under way are too many; refuses nobody while status is away."""
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


def _too_many(code: str, what: str, *, seconds: int) -> Problem:
    return Problem(429, code, f"{what} Try again in {seconds} s.", {"Retry-After": str(seconds)})
