"""How much one caller may ask for: uploads in a minute and at once, and jobs under way."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv6Address, ip_address, ip_network

import structlog
from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.gateway.settings import Settings
from shared.errors import TransientError
from shared.web.problem import Problem

log = structlog.get_logger()

Caller = tuple[str, str]
"""`key` or `address`, and which."""

UNFINISHED_RETRY_SECONDS = 60
"""Nobody knows when a job will end; about as long as a song takes."""


class Quota:
    """`unfinished` counts an owner's unfinished jobs up to a limit. Uploads are counted by this process alone."""

    def __init__(self, unfinished: Callable[[str, int], Awaitable[int]], settings: Settings) -> None:
        self._unfinished = unfinished
        self._max_unfinished = settings.max_unfinished_jobs
        self._pace = RateLimitItemPerMinute(settings.uploads_per_minute) if settings.uploads_per_minute else None
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._max_at_once = settings.max_uploads_at_once
        self._at_once: Counter[Caller] = Counter()

    async def check_rate(self, request: Request, owner: str | None) -> None:
        """Counts a request of a key or, without keys, of an address. Raises Problem 429 when it is one too many."""
        caller = caller_of(request, owner)
        if self._pace is None or await self._window.hit(self._pace, *caller):
            return
        stats = await self._window.get_window_stats(self._pace, *caller)
        raise _too_many(
            "too_many_requests",
            f"At most {self._pace.amount} songs a minute are taken.",
            seconds=max(0, int(stats.reset_time - time.time())) + 1,
        )

    @contextmanager
    def uploading(self, request: Request, owner: str | None) -> Iterator[None]:
        """Raises Problem 429 while the caller sends as many songs as may be sent at once."""
        caller = caller_of(request, owner)
        if self._max_at_once and self._at_once[caller] >= self._max_at_once:
            raise _too_many("too_many_uploads", f"At most {self._max_at_once} songs are taken at once.", seconds=5)
        self._at_once[caller] += 1
        try:
            yield
        finally:
            self._at_once[caller] -= 1
            self._at_once += Counter()  # forgets who has none

    async def check_unfinished(self, owner: str | None) -> None:
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


def caller_of(request: Request, owner: str | None) -> Caller:
    """A key or, without keys, an address: of IPv6 the /64, all of which one caller may have."""
    if owner:
        return "key", owner
    host = request.client.host if request.client else ""
    with suppress(ValueError):
        if isinstance(ip_address(host), IPv6Address):
            return "address", str(ip_network((host, 64), strict=False))
    return "address", host


def _too_many(code: str, what: str, *, seconds: int) -> Problem:
    return Problem(429, code, f"{what} Try again in {seconds} s.", {"Retry-After": str(seconds)})
