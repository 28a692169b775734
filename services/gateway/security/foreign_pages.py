"""Protects a gateway without keys from web pages that are not its own.

Any page can make a browser send requests to a gateway on the user's machine or network (CSRF). With a name that first
leads to the page's server and then to the gateway, it can also read the responses (DNS rebinding). With keys, neither
works, because a browser adds no key by itself.
"""

from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from services.gateway.settings import Settings
from shared.web.problem import Problem

LOOPBACK_NAMES: Final = ("localhost", "*.localhost")
READING: Final = ("GET", "HEAD", "OPTIONS")


def refuse_foreign_pages(settings: Settings) -> Callable[[Request], Awaitable[None]]:
    """Return a dependency that raises Problem 403 for a foreign `Host`, or for a write with a foreign `Origin`."""

    async def check(request: Request) -> None:
        if settings.api_keys:
            return
        if settings.allowed_hosts and not _is_own_host(request.headers.get("host", ""), settings.allowed_hosts):
            detail = (
                "This host name is not one of the gateway's. Its operator can add it to ALLOWED_HOSTS, or set keys."
            )
            raise Problem(403, "foreign_host", detail)
        if request.method not in READING and not _is_own_origin(request, settings.cors_origins):
            detail = "Pages of other origins may not do this. The operator can add the origin to CORS_ORIGINS."
            raise Problem(403, "foreign_origin", detail)

    return check


def _is_own_host(host: str, allowed: list[str]) -> bool:
    """Return True for an IP address, because DNS rebinding needs a name, and without a host, which browsers send."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return (
        not host
        or _is_address(name)
        or any(fnmatchcase(name, pattern.lower()) for pattern in (*LOOPBACK_NAMES, *allowed))
    )


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_own_origin(request: Request, cors_origins: list[str]) -> bool:
    """Return True without an `Origin`, which browsers send with every write.

    A page cannot set `Sec-Fetch-Site`. Browsers send it over HTTPS and to localhost, and it is also right behind a
    proxy that changes the host.
    """
    origin = request.headers.get("origin")
    return (
        origin is None
        or request.headers.get("sec-fetch-site") == "same-origin"
        or not {origin, "*"}.isdisjoint(cors_origins)
        or origin.lower().partition("://")[2] == request.headers.get("host", "").lower()
    )
